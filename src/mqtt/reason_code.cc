// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "mqtt/codec.h"

namespace imprint::mqtt {

namespace {

// The packets that may contain a code. DISCONNECT has two bits, since its codes depend on the
// sender.
enum Use : std::uint8_t {
  kConnack = 1,
  kPuback = 2,
  kSuback = 4,
  kUnsuback = 8,
  kServerDisconnect = 16,
  kClientDisconnect = 32,
};
constexpr std::uint8_t kDisconnect = kServerDisconnect | kClientDisconnect;

struct Row {
  ReasonCode code;
  std::uint8_t uses;
  std::string_view name;
};

using R = ReasonCode;

// MQTT 5.0 table 2-6; the client's DISCONNECT codes from section 3.14.2.1.
constexpr std::array kRows = {
    Row{R::success, kConnack | kPuback | kSuback | kUnsuback | kDisconnect, "success"},
    Row{R::granted_qos_1, kSuback, "granted QoS 1"},
    Row{R::granted_qos_2, kSuback, "granted QoS 2"},
    Row{R::disconnect_with_will, kClientDisconnect, "disconnect with will message"},
    Row{R::no_matching_subscribers, kPuback, "no matching subscribers"},
    Row{R::no_subscription_existed, kUnsuback, "no subscription existed"},
    Row{R::unspecified_error, kConnack | kPuback | kSuback | kUnsuback | kDisconnect,
        "unspecified error"},
    Row{R::malformed_packet, kConnack | kDisconnect, "malformed packet"},
    Row{R::protocol_error, kConnack | kDisconnect, "protocol error"},
    Row{R::implementation_specific_error, kConnack | kPuback | kSuback | kUnsuback | kDisconnect,
        "implementation specific error"},
    Row{R::unsupported_protocol_version, kConnack, "unsupported protocol version"},
    Row{R::client_identifier_not_valid, kConnack, "client identifier not valid"},
    Row{R::bad_user_name_or_password, kConnack, "bad user name or password"},
    Row{R::not_authorized, kConnack | kPuback | kSuback | kUnsuback | kServerDisconnect,
        "not authorized"},
    Row{R::server_unavailable, kConnack, "server unavailable"},
    Row{R::server_busy, kConnack | kServerDisconnect, "server busy"},
    Row{R::banned, kConnack, "banned"},
    Row{R::server_shutting_down, kServerDisconnect, "server shutting down"},
    Row{R::bad_authentication_method, kConnack | kServerDisconnect, "bad authentication method"},
    Row{R::keep_alive_timeout, kServerDisconnect, "keep alive timeout"},
    Row{R::session_taken_over, kServerDisconnect, "session taken over"},
    Row{R::topic_filter_invalid, kSuback | kUnsuback | kServerDisconnect, "topic filter invalid"},
    Row{R::topic_name_invalid, kConnack | kPuback | kDisconnect, "topic name invalid"},
    Row{R::packet_identifier_in_use, kPuback | kSuback | kUnsuback, "packet identifier in use"},
    Row{R::packet_identifier_not_found, 0, "packet identifier not found"},
    Row{R::receive_maximum_exceeded, kDisconnect, "receive maximum exceeded"},
    Row{R::topic_alias_invalid, kDisconnect, "topic alias invalid"},
    Row{R::packet_too_large, kConnack | kDisconnect, "packet too large"},
    Row{R::message_rate_too_high, kDisconnect, "message rate too high"},
    Row{R::quota_exceeded, kConnack | kPuback | kSuback | kDisconnect, "quota exceeded"},
    Row{R::administrative_action, kDisconnect, "administrative action"},
    Row{R::payload_format_invalid, kConnack | kPuback | kDisconnect, "payload format invalid"},
    Row{R::retain_not_supported, kConnack | kServerDisconnect, "retain not supported"},
    Row{R::qos_not_supported, kConnack | kServerDisconnect, "QoS not supported"},
    Row{R::use_another_server, kConnack | kServerDisconnect, "use another server"},
    Row{R::server_moved, kConnack | kServerDisconnect, "server moved"},
    Row{R::shared_subscriptions_not_supported, kSuback | kServerDisconnect,
        "shared subscriptions not supported"},
    Row{R::connection_rate_exceeded, kConnack | kServerDisconnect, "connection rate exceeded"},
    Row{R::maximum_connect_time, kServerDisconnect, "maximum connect time"},
    Row{R::subscription_identifiers_not_supported, kSuback | kServerDisconnect,
        "subscription identifiers not supported"},
    Row{R::wildcard_subscriptions_not_supported, kSuback | kServerDisconnect,
        "wildcard subscriptions not supported"},
};

const Row* find(ReasonCode code) {
  const auto row = std::ranges::find(kRows, code, &Row::code);
  return row == kRows.end() ? nullptr : &*row;
}

std::uint8_t use_of(PacketType type, Sender sender) {
  switch (type) {
    case PacketType::connack:
      return kConnack;
    case PacketType::puback:
      return kPuback;
    case PacketType::suback:
      return kSuback;
    case PacketType::unsuback:
      return kUnsuback;
    case PacketType::disconnect:
      return sender == Sender::server ? kServerDisconnect : kClientDisconnect;
    default:
      return 0;
  }
}

}  // namespace

std::string_view to_string(ReasonCode code) {
  const Row* row = find(code);
  return row == nullptr ? "unknown reason" : row->name;
}

bool is_allowed(ReasonCode code, PacketType type, Sender sender) {
  const Row* row = find(code);
  return row != nullptr && (row->uses & use_of(type, sender)) != 0;
}

std::string_view to_string(PacketType type) {
  constexpr std::array<std::string_view, 16> kNames = {
      "reserved", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
      "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
      "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};
  return kNames[static_cast<std::size_t>(type) & 15];
}

}  // namespace imprint::mqtt
