// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>

#include "mqtt/client_session.h"
#include "test/support/tls_socket.h"

namespace imprint::test {

/// A blocking MQTT client. Every wait lasts at most TlsSocket::kPatience.
class MqttDevice {
 public:
  struct Options {
    mqtt::Version version = mqtt::Version::v5;
    bool clean_start = true;
    std::uint32_t session_expiry_seconds = 0;
    std::optional<mqtt::Will> will = {};
    std::uint32_t maximum_packet_bytes = 149504;
  };

  bool open(std::uint16_t port, const TlsOptions& tls) {
    return socket_.connect(port, tls).has_value();
  }

  /// Sends CONNECT without waiting for the answer.
  void send_connect(const std::string& client_id, const Options& options) {
    session_.emplace(mqtt::ConnectOptions{.version = options.version,
                                          .client_id = client_id,
                                          .clean_start = options.clean_start,
                                          .session_expiry_seconds = options.session_expiry_seconds,
                                          .will = options.will,
                                          .maximum_packet_bytes = options.maximum_packet_bytes},
                     now());
    drain();
  }
  /// Whether CONNACK accepts the connection.
  bool await_connack() {
    pump([this] { return connected || refused || closed; });
    return connected.has_value();
  }
  bool connect(std::uint16_t port, const TlsOptions& tls, const std::string& client_id) {
    return connect(port, tls, client_id, Options());
  }
  bool connect(std::uint16_t port, const TlsOptions& tls, const std::string& client_id,
               const Options& options) {
    if (!open(port, tls)) return false;
    send_connect(client_id, options);
    return await_connack();
  }

  mqtt::ReasonCode subscribe(std::string_view filter, mqtt::QoS qos = mqtt::QoS::at_least_once,
                             bool no_local = false) {
    const mqtt::SubscribePacket::Entry entry{filter, {.qos = qos, .no_local = no_local}};
    subscribed.reset();
    if (!session_->subscribe({&entry, 1}, now())) return mqtt::ReasonCode::unspecified_error;
    drain();
    pump([this] { return subscribed || closed; });
    return subscribed ? subscribed->codes.front() : mqtt::ReasonCode::unspecified_error;
  }
  bool unsubscribe(std::string_view filter) {
    unsubscribed = false;
    if (!session_->unsubscribe({&filter, 1}, now())) return false;
    drain();
    pump([this] { return unsubscribed || closed; });
    return unsubscribed;
  }

  /// Sends without waiting for an answer.
  bool send(const std::string& topic, std::string_view payload,
            mqtt::QoS qos = mqtt::QoS::at_least_once, bool retain = false) {
    mqtt::Message message;
    message.topic = topic;
    message.payload = Bytes(payload.begin(), payload.end());
    const auto id = session_->publish(message, qos, retain, now());
    drain();
    return id.has_value();
  }
  /// The PUBACK's code; nullopt if the connection is closed instead.
  std::optional<mqtt::ReasonCode> publish(const std::string& topic, std::string_view payload,
                                          bool retain = false) {
    acknowledged.clear();
    if (!send(topic, payload, mqtt::QoS::at_least_once, retain)) return std::nullopt;
    pump([this] { return !acknowledged.empty() || closed; });
    if (acknowledged.empty()) return std::nullopt;
    return acknowledged.front();
  }

  std::optional<mqtt::MessageReceived> next(
      std::chrono::milliseconds patience = TlsSocket::kPatience) {
    pump([this] { return !messages.empty() || closed; }, patience);
    if (messages.empty()) return std::nullopt;
    auto message = std::move(messages.front());
    messages.pop_front();
    return message;
  }
  std::string next_text(std::chrono::milliseconds patience = TlsSocket::kPatience) {
    const auto message = next(patience);
    return message ? std::string(as_text(message->message->payload)) : "nothing";
  }
  /// Whether no message arrives within `patience`.
  bool hears_nothing(std::chrono::milliseconds patience = std::chrono::milliseconds(150)) {
    return !next(patience);
  }
  bool is_cut(std::chrono::milliseconds patience = TlsSocket::kPatience) {
    pump([this] { return closed.has_value(); }, patience);
    return closed.has_value();
  }
  mqtt::ReasonCode cut_reason() { return is_cut() ? closed->code : mqtt::ReasonCode::success; }

  void disconnect() {
    session_->disconnect();
    drain();
    socket_.close();
  }
  void lose_power() { socket_.close(); }
  TlsSocket& socket() { return socket_; }

  std::optional<mqtt::Connected> connected;
  std::optional<mqtt::Refused> refused;
  std::optional<mqtt::Closed> closed;
  std::optional<mqtt::Subscribed> subscribed;
  std::deque<mqtt::ReasonCode> acknowledged;
  std::deque<mqtt::MessageReceived> messages;
  bool unsubscribed = false;

 private:
  static Monotonic now() { return SystemClock().monotonic(); }

  void drain() {
    while (auto action = session_->next_action()) {
      if (auto* bytes = std::get_if<mqtt::SendBytes>(&*action)) {
        std::ignore = socket_.write(bytes->bytes);
      } else if (auto* yes = std::get_if<mqtt::Connected>(&*action)) {
        connected = *yes;
      } else if (auto* no = std::get_if<mqtt::Refused>(&*action)) {
        refused = *no;
      } else if (auto* end = std::get_if<mqtt::Closed>(&*action)) {
        closed = *end;
      } else if (auto* granted = std::get_if<mqtt::Subscribed>(&*action)) {
        subscribed = *granted;
      } else if (auto* ack = std::get_if<mqtt::Acknowledged>(&*action)) {
        acknowledged.push_back(ack->code);
      } else if (auto* message = std::get_if<mqtt::MessageReceived>(&*action)) {
        messages.push_back(std::move(*message));
      } else {
        unsubscribed = true;
      }
    }
  }

  template <class Done>
  void pump(Done done, std::chrono::milliseconds patience = TlsSocket::kPatience) {
    const auto deadline = now() + patience;
    while (!done()) {
      const auto left = deadline - now();
      if (left <= Milliseconds(0)) return;
      const auto bytes = socket_.read(std::chrono::duration_cast<Milliseconds>(left));
      if (!bytes) return;
      if (bytes->empty()) {
        session_->connection_lost();
      } else {
        session_->receive(*bytes, now());
      }
      drain();
    }
  }

  TlsSocket socket_;
  std::optional<mqtt::ClientSession> session_;
};

}  // namespace imprint::test
