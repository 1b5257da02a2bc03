// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "mqtt/packet.h"

/// What the sessions of both ends say to their hosts about the connection itself.
namespace imprint::mqtt {

/// Bytes for the socket, one or more whole packets, in order.
struct SendBytes {
  Bytes bytes = {};
};

/// Why a connection ends, for logs, metrics and lifecycle events. The detail is a sentence.
enum class CloseReason {
  peer_disconnected,   ///< The peer sent DISCONNECT.
  connection_lost,     ///< The host says that the transport ended without DISCONNECT.
  not_mqtt,            ///< What came first is no CONNECT.
  malformed_packet,    ///< Bytes that are no packet.
  protocol_error,      ///< A packet that MQTT does not allow here.
  not_supported,       ///< QoS 2, subscription identifiers, an unknown protocol version.
  limit_exceeded,      ///< A size or count of Limits.
  refused,             ///< CONNECT was answered with a failure.
  connect_timeout,     ///< No whole CONNECT (or, at the client, CONNACK) in time.
  packet_timeout,      ///< A packet that began and never ended.
  keep_alive_timeout,  ///< Silence for one and a half times the keep alive, or no PINGRESP.
  slow_reader,         ///< The peer does not read what it asks for.
  host_disconnected,   ///< The host ended it: taken over, shutting down, administrative.
};

std::string_view to_string(CloseReason reason);

/// What kind of end the peer's violation `code` is.
CloseReason close_reason(ReasonCode code);

}  // namespace imprint::mqtt
