// SPDX-License-Identifier: Apache-2.0
#include "mqtt/client_session.h"

#include <algorithm>
#include <utility>

#include "mqtt/topic.h"

namespace imprint::mqtt {

namespace {

/// The limits of MQTT itself (section 1.5.4: two bytes of length), not those of a service.
constexpr TopicLimits kProtocolTopicLimits{
    .bytes = 65535, .slashes = 65535, .share_name_bytes = 65535};

/// Limits unanswered requests of all kinds, so that a free identifier is found quickly.
constexpr std::size_t kMaxPending = 1000;

std::string text_or_empty(const std::optional<std::string_view>& text) {
  return std::string(text.value_or(std::string_view()));
}

ConnectPacket connect_packet(const ConnectOptions& options, Monotonic now) {
  ConnectPacket packet;
  packet.version = options.version;
  packet.clean_start = options.clean_start;
  packet.keep_alive = options.keep_alive_seconds;
  packet.client_id = options.client_id;
  packet.properties.maximum_packet_size = options.maximum_packet_bytes;
  if (options.session_expiry_seconds > 0)
    packet.properties.session_expiry_interval = options.session_expiry_seconds;
  if (options.user_name) packet.user_name = *options.user_name;
  if (const auto& will = options.will) {
    const PublishPacket publish = to_publish(*will->message, now);
    packet.will.emplace(ConnectWill{.qos = will->qos,
                                    .retain = will->retain,
                                    .topic = publish.topic,
                                    .payload = publish.payload,
                                    .properties = publish.properties});
    if (will->delay > Seconds(0))
      packet.will->properties.will_delay_interval = static_cast<std::uint32_t>(will->delay.count());
  }
  return packet;
}

}  // namespace

ClientSession::ClientSession(const ConnectOptions& options, Monotonic now)
    : version_(options.version),
      keep_alive_(options.keep_alive_seconds),
      answer_timeout_(options.answer_timeout),
      reader_(options.maximum_packet_bytes),
      now_(now),
      last_sent_(now) {
  send(connect_packet(options, now));
}

// ---------------------------------------------------------------------------------------- calls

Result<void> ClientSession::check_ready() const {
  if (phase_ != Phase::connected)
    return imprint::fail(Fault::conflict, "the MQTT session is not connected; wait for Connected");
  if (pending_.size() >= kMaxPending)
    return imprint::fail(Fault::exhausted, "{} requests have no answer yet; wait for answers first",
                         pending_.size());
  return {};
}

template <class P>
Result<std::uint16_t> ClientSession::request(P packet, Pending pending, Monotonic now) {
  now_ = now;
  // [MQTT-3.2.2-15, 5.0]
  if (const std::size_t size = encoded_size(packet, version_); size > server_packet_bytes_)
    return imprint::fail(Fault::invalid, "the packet has {} bytes; the server accepts at most {}",
                         size, server_packet_bytes_);
  if (packet.packet_id != 0) pending_.push_back(pending);
  if (pending.answer == PacketType::puback && packet.packet_id != 0) ++in_flight_;
  send(packet);
  return packet.packet_id;
}

Result<std::uint16_t> ClientSession::publish(const Message& message, QoS qos, bool retain,
                                             Monotonic now) {
  TRY(check_ready());
  TRY(validate_topic(message.topic, kProtocolTopicLimits));
  if (qos == QoS::exactly_once)
    return imprint::fail(Fault::invalid, "QoS 2 is not supported; publish with 0 or 1");
  // [MQTT-3.3.4-7, 5.0]
  if (qos == QoS::at_least_once && in_flight_ >= server_receive_maximum_)
    return imprint::fail(Fault::exhausted,
                         "{} messages have no PUBACK yet, which is the server's limit", in_flight_);
  PublishPacket packet = to_publish(message, now);
  packet.qos = qos;
  packet.retain = retain;
  if (qos != QoS::at_most_once) packet.packet_id = free_packet_id();
  const Pending pending{packet.packet_id, PacketType::puback, 0};
  return request(std::move(packet), pending, now);
}

Result<std::uint16_t> ClientSession::subscribe(std::span<const SubscribePacket::Entry> entries,
                                               Monotonic now) {
  TRY(check_ready());
  if (entries.empty()) return imprint::fail(Fault::invalid, "a SUBSCRIBE needs a topic filter");
  for (const SubscribePacket::Entry& entry : entries)
    TRY(parse_filter(entry.filter, kProtocolTopicLimits));
  SubscribePacket packet;
  packet.packet_id = free_packet_id();
  packet.entries.assign(entries.begin(), entries.end());
  const Pending pending{packet.packet_id, PacketType::suback,
                        static_cast<std::uint16_t>(entries.size())};
  return request(std::move(packet), pending, now);
}

Result<std::uint16_t> ClientSession::unsubscribe(std::span<const std::string_view> filters,
                                                 Monotonic now) {
  TRY(check_ready());
  if (filters.empty()) return imprint::fail(Fault::invalid, "an UNSUBSCRIBE needs a topic filter");
  for (const std::string_view filter : filters) TRY(parse_filter(filter, kProtocolTopicLimits));
  UnsubscribePacket packet;
  packet.packet_id = free_packet_id();
  packet.filters.assign(filters.begin(), filters.end());
  const Pending pending{packet.packet_id, PacketType::unsuback,
                        static_cast<std::uint16_t>(filters.size())};
  return request(std::move(packet), pending, now);
}

void ClientSession::disconnect() {
  if (phase_ == Phase::connected) send(DisconnectPacket{});
  close(CloseReason::host_disconnected, ReasonCode::success, "the client ended the connection");
}

// ---------------------------------------------------------------------------------------- input

void ClientSession::receive(BytesView bytes, Monotonic now) {
  now_ = now;
  while (phase_ != Phase::closed && !bytes.empty()) {
    const auto frame = reader_.next(bytes);
    if (!frame) return fail(frame.error());
    if (!*frame) return;
    handle(**frame);
  }
}

void ClientSession::connection_lost() {
  close(CloseReason::connection_lost, ReasonCode::success,
        "the connection was lost without DISCONNECT");
}

std::optional<Monotonic> ClientSession::next_deadline() const {
  if (phase_ == Phase::closed) return std::nullopt;
  if (phase_ == Phase::awaiting_connack || ping_outstanding_) return last_sent_ + answer_timeout_;
  if (keep_alive_ == 0) return std::nullopt;
  return last_sent_ + Seconds(keep_alive_);
}

void ClientSession::tick(Monotonic now) {
  now_ = now;
  const auto deadline = next_deadline();
  if (!deadline || now < *deadline) return;
  if (phase_ == Phase::awaiting_connack)
    return close(CloseReason::connect_timeout, ReasonCode::success, "no CONNACK in time");
  if (ping_outstanding_)
    return close(CloseReason::keep_alive_timeout, ReasonCode::keep_alive_timeout,
                 "no PINGRESP in time");
  send(PingreqPacket{});  // [MQTT-3.1.2-20, 5.0; MQTT-3.1.2-23]
  ping_outstanding_ = true;
}

void ClientSession::handle(const Frame& frame) {
  if (const auto allowed = check_direction(frame.type(), Sender::server); !allowed)
    return fail(allowed.error());
  // CONNACK must be the first packet [MQTT-3.2.0-1] and must not be repeated [MQTT-3.2.0-2].
  if ((frame.type() == PacketType::connack) != (phase_ == Phase::awaiting_connack))
    return fail({ReasonCode::protocol_error, "CONNACK is not the first packet, or comes twice"});
  switch (frame.type()) {
    case PacketType::connack:
      return handle_connack(frame);
    case PacketType::publish:
      return handle_publish(frame);
    case PacketType::puback:
      return handle_puback(frame);
    case PacketType::suback:
      return handle_suback(frame);
    case PacketType::unsuback:
      return handle_unsuback(frame);
    case PacketType::pingresp:
      if (const auto packet = decode_pingresp(frame); !packet) return fail(packet.error());
      ping_outstanding_ = false;
      return;
    case PacketType::disconnect:
      return handle_disconnect(frame);
    default:
      break;
  }
  IMPRINT_ASSERT(false);  // check_direction accepts only types that servers send
}

void ClientSession::handle_connack(const Frame& frame) {
  const auto packet = decode_connack(frame, version_);
  if (!packet) return fail(packet.error());
  const Properties& properties = packet->properties;
  if (packet->code != ReasonCode::success) {
    std::string reason = text_or_empty(properties.reason_string);
    actions_.push(Refused{packet->code, reason});
    if (reason.empty()) reason = to_string(packet->code);
    return close(CloseReason::refused, packet->code, std::move(reason));
  }
  phase_ = Phase::connected;
  keep_alive_ = properties.server_keep_alive.value_or(keep_alive_);  // [MQTT-3.2.2-21, 5.0]
  server_receive_maximum_ = properties.receive_maximum.value_or(UINT16_MAX);
  server_packet_bytes_ = properties.maximum_packet_size.value_or(UINT32_MAX);
  actions_.push(Connected{packet->session_present,
                          text_or_empty(properties.assigned_client_identifier), keep_alive_});
}

void ClientSession::handle_publish(const Frame& frame) {
  const auto packet = decode_publish(frame, version_, Sender::server);
  if (!packet) return fail(packet.error());
  if (packet->qos == QoS::exactly_once)
    return fail({ReasonCode::qos_not_supported,
                 "the server sent a QoS 2 message, which was not requested"});
  // [MQTT-3.3.2-9, 5.0]: CONNECT announced no topic aliases.
  if (packet->properties.topic_alias)
    return fail(
        {ReasonCode::topic_alias_invalid, "the server used a topic alias without permission"});
  if (!validate_topic(packet->topic, kProtocolTopicLimits))
    return fail({ReasonCode::topic_name_invalid, "the server published to an invalid topic"});
  actions_.push(MessageReceived{std::make_shared<const Message>(make_message(
                                    packet->topic, packet->payload, packet->properties, now_)),
                                packet->qos, packet->retain, packet->dup});
  // [MQTT-4.3.2-2]
  if (packet->qos == QoS::at_least_once)
    send(PubackPacket{packet->packet_id, ReasonCode::success, {}});
}

void ClientSession::handle_puback(const Frame& frame) {
  const auto packet = decode_puback(frame, version_);
  if (!packet) return fail(packet.error());
  if (!take_pending(packet->packet_id, PacketType::puback)) return;
  --in_flight_;
  actions_.push(Acknowledged{packet->packet_id, packet->code,
                             text_or_empty(packet->properties.reason_string)});
}

void ClientSession::handle_suback(const Frame& frame) {
  auto packet = decode_suback(frame, version_);
  if (!packet) return fail(packet.error());
  const auto pending = take_pending(packet->packet_id, PacketType::suback);
  // [MQTT-3.8.4-2], [MQTT-3.8.4-6, 5.0]
  if (!pending || pending->count != packet->codes.size())
    return fail({ReasonCode::protocol_error, "a SUBACK does not match any SUBSCRIBE"});
  actions_.push(Subscribed{packet->packet_id, std::move(packet->codes),
                           text_or_empty(packet->properties.reason_string)});
}

void ClientSession::handle_unsuback(const Frame& frame) {
  auto packet = decode_unsuback(frame, version_);
  if (!packet) return fail(packet.error());
  const auto pending = take_pending(packet->packet_id, PacketType::unsuback);
  // [MQTT-3.10.4-4], [MQTT-3.11.3-1, 5.0]
  if (!pending || (version_ == Version::v5 && pending->count != packet->codes.size()))
    return fail({ReasonCode::protocol_error, "an UNSUBACK does not match any UNSUBSCRIBE"});
  actions_.push(Unsubscribed{packet->packet_id, std::move(packet->codes),
                             text_or_empty(packet->properties.reason_string)});
}

void ClientSession::handle_disconnect(const Frame& frame) {
  // [MQTT-3.14.0-1] of 3.1.1: only clients may send it.
  if (version_ == Version::v3_1_1)
    return fail({ReasonCode::protocol_error,
                 "the server sent DISCONNECT, which MQTT 3.1.1 does not allow"});
  const auto packet = decode_disconnect(frame, version_, Sender::server);
  if (!packet) return fail(packet.error());
  std::string reason = text_or_empty(packet->properties.reason_string);
  if (reason.empty()) reason = to_string(packet->code);
  close(CloseReason::peer_disconnected, packet->code, std::move(reason));
}

// --------------------------------------------------------------------------------------- output

std::optional<ClientAction> ClientSession::next_action() {
  if (actions_.empty()) return std::nullopt;
  return actions_.pop();
}

std::optional<ClientSession::Pending> ClientSession::take_pending(std::uint16_t packet_id,
                                                                  PacketType answer) {
  const auto found = std::ranges::find_if(pending_, [&](const Pending& pending) {
    return pending.packet_id == packet_id && pending.answer == answer;
  });
  if (found == pending_.end()) return std::nullopt;
  const Pending pending = *found;
  pending_.erase(found);
  return pending;
}

std::uint16_t ClientSession::free_packet_id() {
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 ||
           std::ranges::find(pending_, last_packet_id_, &Pending::packet_id) != pending_.end());
  return last_packet_id_;
}

template <class P>
void ClientSession::send(const P& packet) {
  if (actions_.empty() || !std::holds_alternative<SendBytes>(actions_.back()))
    actions_.push(SendBytes{});
  encode(packet, version_, std::get<SendBytes>(actions_.back()).bytes);
  // While a PINGRESP is outstanding, its timeout must count from the PINGREQ.
  if (!ping_outstanding_) last_sent_ = now_;
}

void ClientSession::fail(const ProtocolError& error) {
  if (phase_ == Phase::connected && version_ == Version::v5) {
    const bool allowed = is_allowed(error.code, PacketType::disconnect, Sender::client);
    send(DisconnectPacket{allowed ? error.code : ReasonCode::protocol_error, {}});
  }
  close(close_reason(error.code), error.code, std::string(error.message));
}

void ClientSession::close(CloseReason reason, ReasonCode code, std::string detail) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  pending_ = {};
  in_flight_ = 0;
  actions_.push(Closed{reason, code, std::move(detail)});
}

}  // namespace imprint::mqtt
