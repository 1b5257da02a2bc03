// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "mqtt/codec.h"
#include "mqtt/topic.h"

namespace imprint::mqtt {

/// The limits for one connection. The defaults are those of AWS IoT Core (contract 7.2 to 7.4) or,
/// where AWS publishes none, those of our threat model. All sessions share one object, which
/// outlives them.
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
  std::uint32_t least_client_packet_bytes = 512;  ///< Minimum for a client's Maximum Packet Size.

  std::size_t subscriptions = 50;
  std::uint16_t receive_maximum = 100;  ///< QoS 1 messages in flight, per direction.
  std::uint16_t topic_alias_maximum = 8;
  std::uint32_t session_expiry_seconds = 3600;
  std::uint32_t message_expiry_seconds = 604800;

  std::uint16_t least_keep_alive_seconds = 30;
  std::uint16_t greatest_keep_alive_seconds = 1200;
  Seconds connect_timeout{10};   ///< From the start of the connection to the complete CONNECT.
  Seconds packet_timeout{20};    ///< From a packet's first byte to its last.
  Seconds decision_timeout{20};  ///< From the complete CONNECT to the host's answer.

  // Messages queued until the client's window or its socket has room.
  std::size_t queue_messages = 1000;
  std::size_t queue_bytes = std::size_t{1024} * 1024;
  /// If more bytes than this are not yet written, messages stay in the queue, where sessions share
  /// them, instead of being encoded.
  std::size_t unwritten_pause_bytes = std::size_t{64} * 1024;
  /// If more bytes than this are not yet written, the connection is closed: the client sends
  /// requests but does not read the answers.
  std::size_t unwritten_bytes = std::size_t{512} * 1024;

  std::size_t pending_requests = 100;  ///< SUBSCRIBE and UNSUBSCRIBE without an answer.
};

}  // namespace imprint::mqtt
