// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "mqtt/packet.h"

/// The actions and close reasons that client and server sessions share.
namespace imprint::mqtt {

/// Bytes for the socket: one or more complete packets, in order.
struct SendBytes {
  Bytes bytes = {};
};

/// The reason why a connection ends, for logs, metrics and lifecycle events.
enum class CloseReason {
  peer_disconnected,   ///< The peer sent DISCONNECT.
  connection_lost,     ///< The transport was closed or failed without DISCONNECT.
  not_mqtt,            ///< The first packet is not CONNECT.
  malformed_packet,    ///< Bytes that are not a valid packet.
  protocol_error,      ///< A packet that MQTT does not allow at this point.
  not_supported,       ///< QoS 2, subscription identifiers, an unknown protocol version.
  limit_exceeded,      ///< One of Limits or of the decoder's limits.
  refused,             ///< CONNACK had a failure code.
  connect_timeout,     ///< No complete CONNECT (for a client: no CONNACK) in time.
  packet_timeout,      ///< A packet was not completed in time.
  keep_alive_timeout,  ///< No packet for 1.5 times the keep alive, or no PINGRESP.
  slow_reader,         ///< The peer does not read what is sent to it.
  host_disconnected,   ///< Ended by the host: takeover, shutdown, administrative action.
};

std::string_view to_string(CloseReason reason);

/// The close reason for a violation by the peer.
CloseReason close_reason(ReasonCode code);

}  // namespace imprint::mqtt
