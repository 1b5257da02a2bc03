// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

/// The packets of MQTT 3.1.1 and 5.0 as values. Clause ids in brackets refer to the OASIS
/// specifications; ids of version 5.0 are marked where the numbering of the two versions differs.
namespace imprint::mqtt {

enum class Version : std::uint8_t { v3_1_1 = 4, v5 = 5 };

enum class QoS : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };

/// The sender of a packet; some packet types may be sent only by one side (MQTT 5.0, table 2-1).
enum class Sender : std::uint8_t { client, server };

enum class PacketType : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  unsuback = 11,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
  auth = 15,
};

std::string_view to_string(PacketType type);

/// Reason codes of MQTT 5.0 section 2.4. All code above the codec uses only these; the codec maps
/// them to the return codes of MQTT 3.1.1 and back.
enum class ReasonCode : std::uint8_t {
  success = 0x00,
  granted_qos_1 = 0x01,
  granted_qos_2 = 0x02,
  disconnect_with_will = 0x04,
  no_matching_subscribers = 0x10,
  no_subscription_existed = 0x11,
  unspecified_error = 0x80,
  malformed_packet = 0x81,
  protocol_error = 0x82,
  implementation_specific_error = 0x83,
  unsupported_protocol_version = 0x84,
  client_identifier_not_valid = 0x85,
  bad_user_name_or_password = 0x86,
  not_authorized = 0x87,
  server_unavailable = 0x88,
  server_busy = 0x89,
  banned = 0x8A,
  server_shutting_down = 0x8B,
  bad_authentication_method = 0x8C,
  keep_alive_timeout = 0x8D,
  session_taken_over = 0x8E,
  topic_filter_invalid = 0x8F,
  topic_name_invalid = 0x90,
  packet_identifier_in_use = 0x91,
  packet_identifier_not_found = 0x92,
  receive_maximum_exceeded = 0x93,
  topic_alias_invalid = 0x94,
  packet_too_large = 0x95,
  message_rate_too_high = 0x96,
  quota_exceeded = 0x97,
  administrative_action = 0x98,
  payload_format_invalid = 0x99,
  retain_not_supported = 0x9A,
  qos_not_supported = 0x9B,
  use_another_server = 0x9C,
  server_moved = 0x9D,
  shared_subscriptions_not_supported = 0x9E,
  connection_rate_exceeded = 0x9F,
  maximum_connect_time = 0xA0,
  subscription_identifiers_not_supported = 0xA1,
  wildcard_subscriptions_not_supported = 0xA2,
};

constexpr bool is_failure(ReasonCode code) { return static_cast<std::uint8_t>(code) >= 0x80; }

/// The names of MQTT 5.0 section 2.4 in lower case, for logs; "unknown reason" for other bytes.
std::string_view to_string(ReasonCode code);

/// Borrowed bytes that, unlike std::span, compare by content.
struct Blob : BytesView {
  using BytesView::BytesView;
  constexpr Blob() = default;
  constexpr Blob(BytesView bytes) : BytesView(bytes) {}  // NOLINT(google-explicit-constructor)
  friend bool operator==(Blob a, Blob b) { return std::ranges::equal(a, b); }
};

struct UserProperty {
  std::string_view name = {};
  std::string_view value = {};
  friend bool operator==(const UserProperty&, const UserProperty&) = default;
};

/// All properties of MQTT 5.0 section 2.2.2. One table in properties.cc says which packets may
/// contain which property. A property that a packet may not contain is an error when decoding and
/// is omitted when encoding.
struct Properties {
  std::optional<std::uint8_t> payload_format_indicator;
  std::optional<std::uint8_t> request_problem_information;
  std::optional<std::uint8_t> request_response_information;
  std::optional<std::uint8_t> maximum_qos;
  std::optional<std::uint8_t> retain_available;
  std::optional<std::uint8_t> wildcard_subscription_available;
  std::optional<std::uint8_t> subscription_identifiers_available;
  std::optional<std::uint8_t> shared_subscription_available;
  std::optional<std::uint16_t> server_keep_alive;  ///< Seconds.
  std::optional<std::uint16_t> receive_maximum;
  std::optional<std::uint16_t> topic_alias_maximum;
  std::optional<std::uint16_t> topic_alias;
  std::optional<std::uint32_t> message_expiry_interval;  ///< Seconds.
  std::optional<std::uint32_t> session_expiry_interval;  ///< Seconds.
  std::optional<std::uint32_t> will_delay_interval;      ///< Seconds.
  std::optional<std::uint32_t> maximum_packet_size;      ///< Bytes.
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> response_topic;
  std::optional<std::string_view> assigned_client_identifier;
  std::optional<std::string_view> authentication_method;
  std::optional<std::string_view> response_information;
  std::optional<std::string_view> server_reference;
  std::optional<std::string_view> reason_string;
  std::optional<Blob> correlation_data;
  std::optional<Blob> authentication_data;
  std::vector<std::uint32_t> subscription_identifiers;
  std::vector<UserProperty> user;
  friend bool operator==(const Properties&, const Properties&) = default;
};

// Packets borrow their texts and bytes: from the frame that they were decoded from or, for
// encoding, from the caller.

struct ConnectWill {
  QoS qos = QoS::at_most_once;
  bool retain = false;
  std::string_view topic = {};
  Blob payload = {};
  Properties properties = {};
  friend bool operator==(const ConnectWill&, const ConnectWill&) = default;
};

struct ConnectPacket {
  Version version = Version::v3_1_1;
  bool clean_start = true;       ///< 3.1.1 calls it Clean Session.
  std::uint16_t keep_alive = 0;  ///< Seconds; 0 disables it.
  std::string_view client_id = {};
  std::optional<ConnectWill> will = {};
  std::optional<std::string_view> user_name = {};
  std::optional<Blob> password = {};
  Properties properties = {};
  friend bool operator==(const ConnectPacket&, const ConnectPacket&) = default;
};

struct ConnackPacket {
  bool session_present = false;
  ReasonCode code = ReasonCode::success;
  Properties properties = {};
  friend bool operator==(const ConnackPacket&, const ConnackPacket&) = default;
};

struct PublishPacket {
  bool dup = false;
  QoS qos = QoS::at_most_once;
  bool retain = false;
  std::uint16_t packet_id = 0;  ///< 0 if and only if qos is at_most_once.
  std::string_view topic = {};  ///< Empty only together with a topic alias.
  Blob payload = {};
  Properties properties = {};
  friend bool operator==(const PublishPacket&, const PublishPacket&) = default;
};

struct PubackPacket {
  std::uint16_t packet_id = 0;
  ReasonCode code = ReasonCode::success;
  Properties properties = {};
  friend bool operator==(const PubackPacket&, const PubackPacket&) = default;
};

enum class RetainHandling : std::uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };

struct SubscribeOptions {
  QoS qos = QoS::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
  friend bool operator==(const SubscribeOptions&, const SubscribeOptions&) = default;
};

struct SubscribePacket {
  struct Entry {
    std::string_view filter = {};
    SubscribeOptions options = {};
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::uint16_t packet_id = 0;
  std::vector<Entry> entries = {};
  Properties properties = {};
  friend bool operator==(const SubscribePacket&, const SubscribePacket&) = default;
};

struct SubackPacket {
  std::uint16_t packet_id = 0;
  std::vector<ReasonCode> codes = {};
  Properties properties = {};
  friend bool operator==(const SubackPacket&, const SubackPacket&) = default;
};

struct UnsubscribePacket {
  std::uint16_t packet_id = 0;
  std::vector<std::string_view> filters = {};
  Properties properties = {};
  friend bool operator==(const UnsubscribePacket&, const UnsubscribePacket&) = default;
};

struct UnsubackPacket {
  std::uint16_t packet_id = 0;
  std::vector<ReasonCode> codes = {};  ///< MQTT 5 only.
  Properties properties = {};
  friend bool operator==(const UnsubackPacket&, const UnsubackPacket&) = default;
};

struct PingreqPacket {
  friend bool operator==(const PingreqPacket&, const PingreqPacket&) = default;
};

struct PingrespPacket {
  friend bool operator==(const PingrespPacket&, const PingrespPacket&) = default;
};

struct DisconnectPacket {
  ReasonCode code = ReasonCode::success;
  Properties properties = {};
  friend bool operator==(const DisconnectPacket&, const DisconnectPacket&) = default;
};

using Packet = std::variant<ConnectPacket, ConnackPacket, PublishPacket, PubackPacket,
                            SubscribePacket, SubackPacket, UnsubscribePacket, UnsubackPacket,
                            PingreqPacket, PingrespPacket, DisconnectPacket>;

}  // namespace imprint::mqtt
