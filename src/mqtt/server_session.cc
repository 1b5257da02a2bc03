// SPDX-License-Identifier: Apache-2.0
// Input, timeouts, the host's answers and output. server_session_packets.cc handles the individual
// packets of the client.
#include "mqtt/server_session.h"

#include <algorithm>

#include "base/error.h"

namespace imprint::mqtt {

namespace {

/// `code` if it is allowed in a packet of this type, otherwise unspecified_error: the host uses the
/// same codes for all types.
ReasonCode allowed_code(ReasonCode code, PacketType type) {
  return is_allowed(code, type, Sender::server) ? code : ReasonCode::unspecified_error;
}

constexpr std::size_t kMaxReasonBytes = 256;

/// At most kMaxReasonBytes of a text, without splitting a character.
std::string_view cut_text(std::string_view text) {
  if (text.size() <= kMaxReasonBytes) return text;
  std::size_t size = kMaxReasonBytes;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

Properties connack_properties(const Limits& limits, std::uint16_t keep_alive,
                              Seconds session_expiry, std::string_view assigned_client_id) {
  // The set that AWS sends (contract 7.3).
  Properties properties;
  properties.session_expiry_interval = static_cast<std::uint32_t>(session_expiry.count());
  properties.receive_maximum = limits.receive_maximum;
  properties.maximum_qos = std::uint8_t{1};
  properties.retain_available = std::uint8_t{1};
  properties.maximum_packet_size = static_cast<std::uint32_t>(limits.packet_bytes);
  // [MQTT-3.2.2-16, 5.0]
  if (!assigned_client_id.empty()) properties.assigned_client_identifier = assigned_client_id;
  properties.topic_alias_maximum = limits.topic_alias_maximum;
  properties.wildcard_subscription_available = std::uint8_t{1};
  properties.subscription_identifiers_available = std::uint8_t{0};
  properties.shared_subscription_available = std::uint8_t{1};
  // [MQTT-3.2.2-21, 5.0]
  properties.server_keep_alive = keep_alive;
  return properties;
}

}  // namespace

bool may_resume(const SessionState& session, bool clean_start, Version version) {
  return !clean_start && session.version == version;
}

ServerSession::ServerSession(const Limits& limits, Monotonic now)
    : limits_(limits),
      reader_(limits.connect_packet_bytes),
      now_(now),
      last_packet_(now),
      packet_started_(now),
      client_packet_bytes_(UINT32_MAX) {}

// ---------------------------------------------------------------------------------------- input

bool ServerSession::can_parse() const {
  return (phase_ == Phase::awaiting_connect || phase_ == Phase::connected) && request_ == nullptr;
}

void ServerSession::receive(BytesView bytes, Monotonic now) {
  if (phase_ == Phase::closed) return;
  now_ = now;
  if (held_back_.empty()) parse(bytes);
  if (phase_ == Phase::closed) return;
  held_back_.insert(held_back_.end(), bytes.begin(), bytes.end());
  // [MQTT-3.1.4-5, 5.0] lets clients send before CONNACK; AWS advises against it. A limited amount
  // is kept.
  if (phase_ == Phase::deciding && held_back_.size() > limits_.connect_packet_bytes)
    fail(CloseReason::limit_exceeded, ReasonCode::packet_too_large,
         "the client sent too much before CONNACK");
}

void ServerSession::resume() {
  if (held_back_.empty() || !can_parse()) return;
  BytesView rest = BytesView(held_back_).subspan(held_start_);
  parse(rest);
  held_start_ = held_back_.size() - rest.size();
  if (rest.empty() || phase_ == Phase::closed) {
    held_back_ = {};
    held_start_ = 0;
  }
}

void ServerSession::parse(BytesView& input) {
  bool new_packet = !reader_.in_packet();
  while (can_parse() && !input.empty()) {
    // [MQTT-3.1.0-1], checked before any byte of another packet is buffered.
    if (phase_ == Phase::awaiting_connect && !reader_.in_packet() &&
        Frame{.first = input[0], .body = {}}.type() != PacketType::connect)
      return fail(CloseReason::not_mqtt, ReasonCode::protocol_error,
                  "the first packet is not CONNECT");
    const auto frame = reader_.next(input);
    if (!frame) return fail(frame.error());
    const std::optional<Frame>& whole = *frame;
    if (!whole) break;
    last_packet_ = now_;
    new_packet = true;
    handle(*whole);
  }
  if (new_packet && reader_.in_packet()) packet_started_ = now_;
}

void ServerSession::written(std::size_t bytes, Monotonic now) {
  unwritten_ -= std::min(unwritten_, bytes);
  now_ = now;
  pump();
}

void ServerSession::connection_lost() {
  close(CloseReason::connection_lost, ReasonCode::success,
        "the connection was lost without DISCONNECT", true);
}

std::optional<Monotonic> ServerSession::packet_deadline() const {
  if (!reader_.in_packet()) return std::nullopt;
  return packet_started_ + limits_.packet_timeout;
}

std::optional<Monotonic> ServerSession::next_deadline() const {
  if (phase_ == Phase::closed) return std::nullopt;
  if (phase_ == Phase::deciding) return last_packet_ + limits_.decision_timeout;
  // [MQTT-3.1.2-22, 5.0; MQTT-3.1.2-24] one and a half times the keep alive without a packet.
  const Monotonic silence =
      last_packet_ + (phase_ == Phase::connected ? Milliseconds(keep_alive_ * 1500)
                                                 : Milliseconds(limits_.connect_timeout));
  return std::min(silence, packet_deadline().value_or(silence));
}

void ServerSession::tick(Monotonic now) {
  now_ = now;
  const auto deadline = next_deadline();
  if (!deadline || now < *deadline) return;
  if (phase_ == Phase::deciding)
    return refuse_connect(
        ReasonCode::server_unavailable,
        "the server could not decide about the connection in time; try again later");
  if (const auto packet = packet_deadline(); packet && now >= *packet)
    return fail(CloseReason::packet_timeout, ReasonCode::unspecified_error,
                "a packet was not completed in time");
  if (phase_ == Phase::connected)
    return fail(CloseReason::keep_alive_timeout, ReasonCode::keep_alive_timeout,
                "no packet within one and a half times the keep alive");
  fail(CloseReason::connect_timeout, ReasonCode::unspecified_error, "no CONNECT in time");
}

// -------------------------------------------------------------------------------------- answers

bool ServerSession::accept_connect(ConnectAnswer&& answer, Monotonic now) {
  if (phase_ != Phase::deciding) return false;
  now_ = now;
  last_packet_ = now;
  const bool resumed = answer.session != nullptr;
  if (resumed) {
    IMPRINT_ASSERT(answer.session->version == state_.version);
    state_ = std::move(*answer.session);
    answer.session.reset();
    state_.outbox.interrupt();
  }
  state_.outbox.begin(std::move(answer.account));
  session_expiry_ = answer.session_expiry.value_or(session_expiry_);
  check_ = answer.check;
  phase_ = Phase::connected;
  reader_.set_maximum_packet_size(limits_.packet_bytes);
  ConnackPacket connack{.session_present = resumed, .code = ReasonCode::success, .properties = {}};
  if (state_.version == Version::v5)
    connack.properties =
        connack_properties(limits_, keep_alive_, session_expiry_, answer.assigned_client_id);
  send(connack);
  pump();
  return true;
}

void ServerSession::refuse_connect(ReasonCode code, std::string_view reason) {
  if (phase_ != Phase::deciding && phase_ != Phase::awaiting_connect) return;
  const ReasonCode answer = allowed_code(code, PacketType::connack);
  // [MQTT-3.2.2-6, 5.0] session present is 0; [MQTT-3.1.4-2, 5.0] then the connection closes.
  send_with_reason(ConnackPacket{.session_present = false, .code = answer, .properties = {}},
                   reason);
  close(CloseReason::refused, answer, std::string(reason.empty() ? to_string(answer) : reason),
        false);
}

bool ServerSession::acknowledge_publish(std::uint16_t packet_id, ReasonCode code,
                                        std::string_view reason) {
  const auto waiting = std::ranges::find(unacknowledged_, packet_id);
  if (waiting == unacknowledged_.end()) return false;
  unacknowledged_.erase(waiting);
  if (unacknowledged_.empty()) unacknowledged_ = {};
  send_with_reason(PubackPacket{packet_id, allowed_code(code, PacketType::puback), {}}, reason);
  return true;
}

void ServerSession::answer_subscribe(const SubscribeRequest& request, std::string_view reason) {
  if (!end_request(request.packet_id)) return;
  SubackPacket answer{.packet_id = request.packet_id, .codes = {}, .properties = {}};
  for (const SubscribeRequest::Entry& entry : request.entries) {
    if (entry.is_new) --reserved_filters_;
    answer.codes.push_back(allowed_code(entry.code, PacketType::suback));
    if (is_failure(entry.code)) continue;
    auto& subscriptions = state_.subscriptions;
    // [MQTT-3.8.4-3] the same filter replaces the earlier subscription.
    const auto same = std::ranges::find(subscriptions, entry.filter, &Subscription::filter);
    if (same != subscriptions.end()) {
      same->options = entry.options;
    } else {
      subscriptions.push_back({entry.filter, entry.options});
    }
  }
  // [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-3.8.4-5]
  send_with_reason(std::move(answer), reason);
}

void ServerSession::answer_unsubscribe(const UnsubscribeRequest& request, std::string_view reason) {
  if (!end_request(request.packet_id)) return;
  UnsubackPacket answer{.packet_id = request.packet_id, .codes = {}, .properties = {}};
  for (const UnsubscribeRequest::Entry& entry : request.entries) {
    answer.codes.push_back(allowed_code(entry.code, PacketType::unsuback));
    if (!is_failure(entry.code))
      std::erase_if(state_.subscriptions,
                    [&](const Subscription& s) { return s.filter == entry.filter; });
  }
  // [MQTT-3.10.4-4], [MQTT-3.10.4-5]
  send_with_reason(std::move(answer), reason);
}

bool ServerSession::deliver(MessagePtr message, QoS qos, bool retain, Monotonic now) {
  IMPRINT_ASSERT(message != nullptr && qos != QoS::exactly_once);
  now_ = now;
  const bool queued = state_.outbox.push(std::move(message), qos, retain, limits_);
  pump();
  return queued;
}

void ServerSession::hold_deliveries(bool hold) {
  hold_deliveries_ = hold;
  pump();
}

void ServerSession::disconnect(ReasonCode code, std::string_view reason) {
  fail(CloseReason::host_disconnected, code,
       std::string(reason.empty() ? to_string(code) : reason));
}

std::unique_ptr<SessionState> ServerSession::take_state() {
  state_.outbox.interrupt();
  auto state = std::make_unique<SessionState>(std::move(state_));
  state_ = SessionState{.version = state->version, .subscriptions = {}, .outbox = {}};
  return state;
}

// --------------------------------------------------------------------------------------- output

std::optional<ServerAction> ServerSession::next_action() {
  resume();
  if (request_) return std::move(*std::exchange(request_, nullptr));
  if (!out_.empty()) return SendBytes{std::exchange(out_, {})};
  if (close_) return std::move(*std::exchange(close_, nullptr));
  return std::nullopt;
}

void ServerSession::ask(ServerAction request) {
  IMPRINT_ASSERT(request_ == nullptr);  // parsing stops after each request
  request_ = std::make_unique<ServerAction>(std::move(request));
}

template <class P>
void ServerSession::send(const P& packet) {
  const std::size_t before = out_.size();
  encode(packet, state_.version, out_);
  unwritten_ += out_.size() - before;
  if (unwritten_ > limits_.unwritten_bytes)
    close(CloseReason::slow_reader, ReasonCode::quota_exceeded,
          "the client does not read what is sent to it", true);
}

// For server_session_packets.cc.
template void ServerSession::send(const PubackPacket&);
template void ServerSession::send(const SubackPacket&);
template void ServerSession::send(const UnsubackPacket&);
template void ServerSession::send(const PingrespPacket&);

template <class P>
void ServerSession::send_with_reason(P packet, std::string_view reason) {
  if (phase_ == Phase::closed) return;
  if (state_.version == Version::v5 && reason_strings_ && !reason.empty()) {
    packet.properties.reason_string = cut_text(reason);
    // [MQTT-3.2.2-19], [MQTT-3.4.2-2], [MQTT-3.9.2-1], [MQTT-3.14.2-3], all 5.0
    if (encoded_size(packet, state_.version) > client_packet_bytes_)
      packet.properties.reason_string.reset();
  }
  send(packet);
}

std::size_t ServerSession::window() const {
  return std::min(client_receive_maximum_, limits_.receive_maximum);
}

void ServerSession::pump() {
  while (phase_ == Phase::connected && !hold_deliveries_ &&
         unwritten_ < limits_.unwritten_pause_bytes) {
    const auto next = state_.outbox.take(window());
    if (!next) return;
    if (check_ != nullptr && !check_->may_receive(*next->message)) {
      state_.outbox.finish(next->packet_id);
      continue;
    }
    // [MQTT-3.3.2-5, 5.0]; a message that was sent before must be sent again [MQTT-4.4.0-1].
    const bool expired = !next->dup && is_expired(*next->message, now_);
    PublishPacket packet = to_publish(*next->message, now_);
    packet.dup = next->dup;
    packet.qos = next->qos;
    packet.retain = next->retain;
    packet.packet_id = next->packet_id;
    // [MQTT-3.1.2-24], [MQTT-3.1.2-25, 5.0]: dropped as if it had been sent.
    const bool too_large = client_packet_bytes_ != UINT32_MAX &&
                           encoded_size(packet, state_.version) > client_packet_bytes_;
    if (expired || too_large) {
      state_.outbox.finish(next->packet_id);
      continue;
    }
    send(packet);
  }
}

void ServerSession::fail(const ProtocolError& error) {
  fail(close_reason(error.code), error.code, std::string(error.message));
}

void ServerSession::fail(CloseReason reason, ReasonCode code, std::string detail) {
  // [MQTT-4.13.1-1], [MQTT-3.14.0-1]: no DISCONNECT before a successful CONNACK, nor in 3.1.1.
  if (phase_ == Phase::connected && state_.version == Version::v5)
    send_with_reason(DisconnectPacket{allowed_code(code, PacketType::disconnect), {}}, detail);
  close(reason, code, std::move(detail), true);
}

void ServerSession::close(CloseReason reason, ReasonCode code, std::string detail, bool with_will) {
  if (phase_ == Phase::closed) return;
  Close end{.reason = reason, .code = code, .detail = std::move(detail), .will = {}};
  end.was_connected = phase_ == Phase::connected;
  if (end.was_connected) end.session_expiry = session_expiry_;
  // [MQTT-3.1.2-8], [MQTT-3.14.4-3, 5.0]; a refused client leaves no will.
  if (end.was_connected && with_will && will_) end.will = std::move(*will_);
  phase_ = Phase::closed;
  will_.reset();
  unacknowledged_ = {};
  pending_requests_ = {};
  topic_aliases_ = {};
  close_ = std::make_unique<Close>(std::move(end));
}

}  // namespace imprint::mqtt
