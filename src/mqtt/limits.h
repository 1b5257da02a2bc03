// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "mqtt/codec.h"
#include "mqtt/topic.h"

namespace imprint::mqtt {

/// What one connection may ask of the server. The defaults are AWS IoT Core's (contract 7.2 to 7.4)
/// where AWS publishes a figure, and otherwise those of our threat model. One object serves all
/// sessions and outlives them.
struct Limits {
  DecodeLimits decode = {};
  TopicLimits topic = {};

  std::size_t connect_packet_bytes =
      std::size_t{64} * 1024;         ///< Largest packet until CONNECT is accepted.
  std::size_t packet_bytes = 149504;  ///< Largest packet after that: 146 KiB.
  std::size_t payload_bytes = 131072;
  std::size_t client_id_bytes = 128;
  std::size_t correlation_data_bytes = std::size_t{8} * 1024;
  std::size_t content_type_bytes = 256;
  std::size_t response_topic_bytes = 256;
  std::uint32_t least_client_packet_bytes = 512;  ///< Least Maximum Packet Size of a client.

  std::size_t subscriptions = 50;
  std::uint16_t receive_maximum = 100;  ///< QoS 1 messages in flight, each direction.
  std::uint16_t topic_alias_maximum = 8;
  std::uint32_t session_expiry_seconds = 3600;
  std::uint32_t message_expiry_seconds = 604800;

  std::uint16_t least_keep_alive_seconds = 30;
  std::uint16_t greatest_keep_alive_seconds = 1200;
  Seconds connect_timeout{10};   ///< From the first byte of the connection to the whole CONNECT.
  Seconds packet_timeout{20};    ///< From a packet's first byte to its last.
  Seconds decision_timeout{20};  ///< From the whole CONNECT to the host's answer.

  // Messages that wait for the client's window or its socket.
  std::size_t queue_messages = 1000;
  std::size_t queue_bytes = std::size_t{1024} * 1024;
  /// Bytes handed to the host and not yet written, above which messages wait in the queue (where
  /// they are shared with other sessions) and not as encoded copies.
  std::size_t unwritten_pause_bytes = std::size_t{64} * 1024;
  /// Unwritten bytes that end the connection: a client that asks and never reads.
  std::size_t unwritten_bytes = std::size_t{512} * 1024;

  std::size_t pending_requests = 100;  ///< SUBSCRIBE and UNSUBSCRIBE that the host owes an answer.
};

}  // namespace imprint::mqtt
