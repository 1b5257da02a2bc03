// SPDX-License-Identifier: Apache-2.0
// Handles the packets of the client.
#include <algorithm>
#include <utility>

#include "mqtt/server_session.h"

namespace imprint::mqtt {

namespace {

using Violation = std::optional<ProtocolError>;

/// Checks the message properties of a PUBLISH or a will.
Violation check_message_properties(const Properties& properties, const Limits& limits) {
  if (properties.content_type && properties.content_type->size() > limits.content_type_bytes)
    return ProtocolError{ReasonCode::quota_exceeded, "the content type is too long"};
  if (properties.correlation_data &&
      properties.correlation_data->size() > limits.correlation_data_bytes)
    return ProtocolError{ReasonCode::quota_exceeded, "the correlation data is too long"};
  if (const auto& topic = properties.response_topic) {
    if (topic->size() > limits.response_topic_bytes)
      return ProtocolError{ReasonCode::quota_exceeded, "the response topic is too long"};
    // [MQTT-3.3.2-14, 5.0]
    if (topic->empty() || topic->find_first_of("+#") != std::string_view::npos)
      return ProtocolError{ReasonCode::protocol_error,
                           "the response topic is not a valid topic name"};
  }
  return std::nullopt;
}

/// AWS limits the expiry to between one second and one week.
void clamp_expiry(Properties& properties, const Limits& limits) {
  if (auto& expiry = properties.message_expiry_interval)
    expiry = std::clamp<std::uint32_t>(*expiry, 1, limits.message_expiry_seconds);
}

/// As on AWS (contract 7.2), 0 and values above the maximum become the maximum; values below the
/// minimum become the minimum.
std::uint16_t clamp_keep_alive(std::uint16_t seconds, const Limits& limits) {
  if (seconds == 0) return limits.greatest_keep_alive_seconds;
  return std::clamp(seconds, limits.least_keep_alive_seconds, limits.greatest_keep_alive_seconds);
}

}  // namespace

void ServerSession::handle(const Frame& frame) {
  if (const auto allowed = check_direction(frame.type(), Sender::client); !allowed)
    return fail(allowed.error());
  switch (frame.type()) {
    case PacketType::connect:
      return handle_connect(frame);
    case PacketType::publish:
      return handle_publish(frame);
    case PacketType::puback:
      return handle_puback(frame);
    case PacketType::subscribe:
      return handle_subscribe(frame);
    case PacketType::unsubscribe:
      return handle_unsubscribe(frame);
    case PacketType::pingreq:
      if (const auto packet = decode_pingreq(frame); !packet) return fail(packet.error());
      return send(PingrespPacket{});  // [MQTT-3.12.4-1]
    case PacketType::disconnect:
      return handle_disconnect(frame);
    default:
      break;
  }
  IMPRINT_ASSERT(false);  // check_direction accepts only types that clients send
}

// -------------------------------------------------------------------------------------- CONNECT

void ServerSession::handle_connect(const Frame& frame) {
  // [MQTT-3.1.0-2]
  if (phase_ != Phase::awaiting_connect)
    return fail({ReasonCode::protocol_error, "the client sent a second CONNECT"});
  const auto packet = decode_connect(frame, limits_.decode);
  if (!packet) {
    // [MQTT-3.1.2-2] of 3.1.1: return code 1, encoded as in 3.1.1, since the client's version is
    // unknown.
    if (packet.error().code == ReasonCode::unsupported_protocol_version)
      return refuse_connect(packet.error().code, packet.error().message);
    return fail(packet.error());
  }
  state_.version = packet->version;
  const Properties& properties = packet->properties;
  // [MQTT-3.1.2-29, 5.0]; applied to CONNACK and DISCONNECT too.
  reason_strings_ = properties.request_problem_information.value_or(1) == 1;
  client_packet_bytes_ = properties.maximum_packet_size.value_or(UINT32_MAX);
  client_receive_maximum_ = properties.receive_maximum.value_or(UINT16_MAX);
  keep_alive_ = clamp_keep_alive(packet->keep_alive, limits_);
  if (const Violation violation = check_connect(*packet))
    return refuse_connect(violation->code, violation->message);
  request_connect(*packet);
}

Violation ServerSession::check_connect(const ConnectPacket& packet) const {
  if (packet.client_id.size() > limits_.client_id_bytes)
    return ProtocolError{ReasonCode::client_identifier_not_valid, "the client id is too long"};
  // [MQTT-3.1.3-8] of 3.1.1
  if (packet.version == Version::v3_1_1 && packet.client_id.empty() && !packet.clean_start)
    return ProtocolError{ReasonCode::client_identifier_not_valid,
                         "an empty client id requires a clean session"};
  // [MQTT-4.12.0-1, 5.0]
  if (packet.properties.authentication_method)
    return ProtocolError{ReasonCode::bad_authentication_method,
                         "enhanced authentication is not supported"};
  if (client_packet_bytes_ < limits_.least_client_packet_bytes)
    return ProtocolError{ReasonCode::unspecified_error,
                         "the client's maximum packet size is too small for the server's answers"};
  if (!packet.will) return std::nullopt;
  // [MQTT-3.2.2-12, 5.0]
  if (packet.will->qos == QoS::exactly_once)
    return ProtocolError{ReasonCode::qos_not_supported, "a will with QoS 2 is not supported"};
  if (!validate_topic(packet.will->topic, limits_.topic))
    return ProtocolError{ReasonCode::topic_name_invalid, "the will's topic is not valid"};
  return check_message_properties(packet.will->properties, limits_);
}

void ServerSession::request_connect(const ConnectPacket& packet) {
  const Seconds most(limits_.session_expiry_seconds);
  if (packet.version == Version::v5) {
    session_expiry_ =
        std::min(most, Seconds(packet.properties.session_expiry_interval.value_or(0)));
  } else {
    session_expiry_ = packet.clean_start ? Seconds(0) : most;
  }
  ConnectRequest request{.version = packet.version,
                         .client_id = std::string(packet.client_id),
                         .clean_start = packet.clean_start,
                         .session_expiry = session_expiry_,
                         .keep_alive = Seconds(keep_alive_),
                         .user_name = {},
                         .has_password = packet.password.has_value(),
                         .will = {},
                         .user_properties = {}};
  if (packet.user_name) request.user_name.emplace(*packet.user_name);
  for (const UserProperty& property : packet.properties.user)
    request.user_properties.emplace_back(property.name, property.value);
  if (packet.will) {
    Properties properties = packet.will->properties;
    clamp_expiry(properties, limits_);
    const Will will{.message = std::make_shared<const Message>(
                        make_message(packet.will->topic, packet.will->payload, properties, now_)),
                    .qos = packet.will->qos,
                    .retain = packet.will->retain,
                    .delay = Seconds(properties.will_delay_interval.value_or(0))};
    will_ = std::make_unique<Will>(will);
    request.will = will;
  }
  phase_ = Phase::deciding;
  ask(std::move(request));
}

// -------------------------------------------------------------------------------------- PUBLISH

Violation ServerSession::check_publish(const PublishPacket& packet) const {
  // [MQTT-3.2.2-11, 5.0]: 0x9B. For MQTT 3.1.1 clients the connection is just closed, as on AWS.
  if (packet.qos == QoS::exactly_once)
    return ProtocolError{ReasonCode::qos_not_supported, "a PUBLISH with QoS 2 is not supported"};
  if (packet.payload.size() > limits_.payload_bytes)
    return ProtocolError{ReasonCode::packet_too_large, "the payload is too large"};
  if (packet.properties.topic_alias.value_or(0) > limits_.topic_alias_maximum)
    return ProtocolError{ReasonCode::topic_alias_invalid,  // [MQTT-3.3.2-9, 5.0]
                         "the topic alias exceeds the announced maximum"};
  if (!packet.topic.empty() && !validate_topic(packet.topic, limits_.topic))
    return ProtocolError{ReasonCode::topic_name_invalid,
                         "the topic is too long, has too many levels or contains a wildcard"};
  return check_message_properties(packet.properties, limits_);
}

bool ServerSession::resolve_topic_alias(PublishPacket& packet) {
  if (!packet.properties.topic_alias) return true;
  const std::size_t alias = *packet.properties.topic_alias;
  if (!packet.topic.empty()) {
    if (topic_aliases_.size() < alias) topic_aliases_.resize(alias);
    topic_aliases_[alias - 1] = packet.topic;
    return true;
  }
  if (topic_aliases_.size() < alias || topic_aliases_[alias - 1].empty()) return false;
  packet.topic = topic_aliases_[alias - 1];
  return true;
}

void ServerSession::handle_publish(const Frame& frame) {
  auto packet = decode_publish(frame, state_.version, Sender::client, limits_.decode);
  if (!packet) return fail(packet.error());
  if (const Violation violation = check_publish(*packet)) return fail(*violation);
  // MQTT 5.0 section 3.3.2.3.4
  if (!resolve_topic_alias(*packet))
    return fail({ReasonCode::protocol_error, "the topic alias has not been assigned a topic"});
  if (packet->qos == QoS::at_least_once) {
    if (is_identifier_in_use(packet->packet_id)) {
      // Its answer is still pending. An MQTT 3.1.1 client may send the message again [MQTT-4.4.0-1]
      // and gets that answer. An MQTT 5 client must not repeat it on the same connection and gets
      // an error.
      if (state_.version == Version::v5)
        send(PubackPacket{packet->packet_id, ReasonCode::packet_identifier_in_use, {}});
      return;
    }
    // [MQTT-3.3.4-7, 5.0]; AWS has the same limit for 3.1.1.
    if (unacknowledged_.size() >= limits_.receive_maximum)
      return fail(
          {ReasonCode::receive_maximum_exceeded,
           "the client sent more unacknowledged QoS 1 messages than the receive maximum allows"});
    unacknowledged_.push_back(packet->packet_id);
  }
  clamp_expiry(packet->properties, limits_);
  ask(PublishRequest{.message = std::make_shared<const Message>(
                         make_message(packet->topic, packet->payload, packet->properties, now_)),
                     .qos = packet->qos,
                     .retain = packet->retain,
                     .dup = packet->dup,
                     .packet_id = packet->packet_id});
}

void ServerSession::handle_puback(const Frame& frame) {
  const auto packet = decode_puback(frame, state_.version, limits_.decode);
  if (!packet) return fail(packet.error());
  // An identifier that is not in flight is not an error: its message may belong to an earlier
  // connection. A failure code also completes the message [MQTT-4.4.0-2, 5.0].
  if (state_.outbox.finish(packet->packet_id)) pump();
}

// -------------------------------------------------------------------------- SUBSCRIBE, UNSUBSCRIBE

bool ServerSession::is_identifier_in_use(std::uint16_t packet_id) const {
  return std::ranges::find(unacknowledged_, packet_id) != unacknowledged_.end() ||
         std::ranges::find(pending_requests_, packet_id) != pending_requests_.end();
}

bool ServerSession::is_subscribed(std::string_view filter) const {
  return std::ranges::find(state_.subscriptions, filter, &Subscription::filter) !=
         state_.subscriptions.end();
}

bool ServerSession::begin_request(std::uint16_t packet_id) {
  if (pending_requests_.size() >= limits_.pending_requests) {
    fail({ReasonCode::quota_exceeded, "too many SUBSCRIBE and UNSUBSCRIBE packets are unanswered"});
    return false;
  }
  pending_requests_.push_back(packet_id);
  return true;
}

bool ServerSession::end_request(std::uint16_t packet_id) {
  const auto request = std::ranges::find(pending_requests_, packet_id);
  if (request == pending_requests_.end()) return false;
  pending_requests_.erase(request);
  if (pending_requests_.empty()) pending_requests_ = {};
  return true;
}

void ServerSession::handle_subscribe(const Frame& frame) {
  const auto packet = decode_subscribe(frame, state_.version, limits_.decode);
  if (!packet) return fail(packet.error());
  if (!packet->properties.subscription_identifiers.empty())
    return fail({ReasonCode::subscription_identifiers_not_supported,
                 "subscription identifiers are not supported"});
  if (is_identifier_in_use(packet->packet_id)) {
    if (state_.version == Version::v3_1_1)  // [MQTT-2.3.1-2]
      return fail({ReasonCode::protocol_error, "the packet identifier is already in use"});
    return send(
        SubackPacket{packet->packet_id,
                     std::vector(packet->entries.size(), ReasonCode::packet_identifier_in_use),
                     {}});
  }
  SubscribeRequest request{.packet_id = packet->packet_id, .entries = {}};
  request.entries.reserve(packet->entries.size());
  std::uint16_t reserved = 0;
  for (const SubscribePacket::Entry& requested : packet->entries) {
    const auto filter = parse_filter(requested.filter, limits_.topic);
    // [MQTT-3.8.3-4, 5.0]
    if (filter && filter->is_shared() && requested.options.no_local)
      return fail({ReasonCode::protocol_error, "a shared subscription has the No Local option"});
    SubscribeRequest::Entry entry{.filter = std::string(requested.filter),
                                  .options = requested.options,
                                  .is_new = false,
                                  .code = {}};
    entry.options.qos = std::min(requested.options.qos, QoS::at_least_once);
    entry.code = static_cast<ReasonCode>(entry.options.qos);
    const bool is_new =
        !is_subscribed(requested.filter) &&
        std::ranges::find(request.entries, requested.filter, &SubscribeRequest::Entry::filter) ==
            request.entries.end();
    if (!filter) {
      entry.code = ReasonCode::topic_filter_invalid;
    } else if (is_new) {
      const std::size_t held = state_.subscriptions.size() + reserved_filters_ + reserved;
      entry.is_new = held < limits_.subscriptions;
      if (entry.is_new) ++reserved;
      if (!entry.is_new) entry.code = ReasonCode::quota_exceeded;
    }
    request.entries.push_back(std::move(entry));
  }
  if (!begin_request(packet->packet_id)) return;
  reserved_filters_ = static_cast<std::uint16_t>(reserved_filters_ + reserved);
  ask(std::move(request));
}

void ServerSession::handle_unsubscribe(const Frame& frame) {
  const auto packet = decode_unsubscribe(frame, state_.version, limits_.decode);
  if (!packet) return fail(packet.error());
  if (is_identifier_in_use(packet->packet_id)) {
    if (state_.version == Version::v3_1_1)  // [MQTT-2.3.1-2]
      return fail({ReasonCode::protocol_error, "the packet identifier is already in use"});
    return send(
        UnsubackPacket{packet->packet_id,
                       std::vector(packet->filters.size(), ReasonCode::packet_identifier_in_use),
                       {}});
  }
  UnsubscribeRequest request{.packet_id = packet->packet_id, .entries = {}};
  request.entries.reserve(packet->filters.size());
  for (const std::string_view filter : packet->filters) {
    const bool valid = parse_filter(filter, limits_.topic).has_value();
    const bool is_repeated =
        std::ranges::find(request.entries, filter, &UnsubscribeRequest::Entry::filter) !=
        request.entries.end();
    const bool existed = is_subscribed(filter) && !is_repeated;
    // [MQTT-3.11.3-1, 5.0]
    const ReasonCode answer = existed ? ReasonCode::success : ReasonCode::no_subscription_existed;
    request.entries.push_back({.filter = std::string(filter),
                               .existed = existed,
                               .code = valid ? answer : ReasonCode::topic_filter_invalid});
  }
  if (!begin_request(packet->packet_id)) return;
  ask(std::move(request));
}

// ----------------------------------------------------------------------------------- DISCONNECT

void ServerSession::handle_disconnect(const Frame& frame) {
  const auto packet = decode_disconnect(frame, state_.version, Sender::client, limits_.decode);
  if (!packet) return fail(packet.error());
  if (const auto expiry = packet->properties.session_expiry_interval) {
    // MQTT 5.0 section 3.14.2.2.2: the expiry must not change from zero.
    if (*expiry != 0 && session_expiry_ == Seconds(0))
      return fail(
          {ReasonCode::protocol_error, "DISCONNECT sets a session expiry, but CONNECT set none"});
    session_expiry_ = std::min(Seconds(limits_.session_expiry_seconds), Seconds(*expiry));
  }
  // [MQTT-3.14.4-3, 5.0; MQTT-3.1.2-10]: only a normal DISCONNECT discards the will.
  close(CloseReason::peer_disconnected, packet->code, std::string(to_string(packet->code)),
        packet->code != ReasonCode::success);
}

}  // namespace imprint::mqtt
