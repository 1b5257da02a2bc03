// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "mqtt/connection.h"
#include "mqtt/frame_reader.h"
#include "mqtt/limits.h"
#include "mqtt/message.h"
#include "mqtt/session_state.h"

namespace imprint::mqtt {

// Actions: what the session asks of its host.

/// A client asks to connect. Answer, now or later, with accept_connect or refuse_connect; until
/// then the session holds back what else the client sends.
struct ConnectRequest {
  Version version = Version::v3_1_1;
  std::string client_id = {};  ///< Empty: the host chooses one.
  bool clean_start = true;     ///< Forget any earlier session of this client id.
  Seconds session_expiry{};    ///< What the client asks for, capped; 0 ends with the connection.
  Seconds keep_alive{};        ///< As clamped by Limits.
  std::optional<std::string> user_name = {};
  bool has_password = false;      ///< Passwords play no part; the certificate decides.
  std::optional<Will> will = {};  ///< For checking only: Close hands it out when it is due.
  std::vector<std::pair<std::string, std::string>> user_properties = {};
};

/// A message from the client. With QoS 1, acknowledge_publish(packet_id) when it is dealt with.
struct PublishRequest {
  MessagePtr message = {};
  QoS qos = QoS::at_most_once;  ///< 0 or 1.
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;  ///< 0 with QoS 0.
};

/// Subscriptions to decide. The host may turn the `code` of an entry into a failure and hands the
/// request back to answer_subscribe. Entries that are failures already stay so.
struct SubscribeRequest {
  struct Entry {
    std::string filter = {};  ///< Share prefix included; parse_filter takes it apart.
    SubscribeOptions options =
        {};              ///< QoS is 0 or 1: the standard lets a server grant less than asked
                         ///< [MQTT-3.8.4-7, 5.0], where AWS would not answer QoS 2 at all.
    bool is_new = true;  ///< For RetainHandling::send_if_new.
    ReasonCode code = ReasonCode::success;  ///< The granted QoS, or a failure.
  };
  std::uint16_t packet_id = 0;
  std::vector<Entry> entries = {};
};

/// Subscriptions to end; handed back to answer_unsubscribe.
struct UnsubscribeRequest {
  struct Entry {
    std::string filter = {};
    bool existed = false;
    ReasonCode code = ReasonCode::success;  ///< no_subscription_existed when there was none.
  };
  std::uint16_t packet_id = 0;
  std::vector<Entry> entries = {};
};

/// The last action: write what was to be sent, then close the connection. Publish `will`, if there
/// is one, after its delay or when the session ends, whichever is first [MQTT-3.1.3-9, 5.0].
struct Close {
  CloseReason reason = CloseReason::protocol_error;
  ReasonCode code = ReasonCode::success;  ///< What MQTT 5 says, or would say, about it.
  std::string detail = {};                ///< A sentence for the log.
  bool was_connected = false;             ///< CONNECT had been accepted.
  std::optional<Will> will = {};
  Seconds session_expiry{};  ///< How long to keep take_state() for; 0: not at all.
};

using ServerAction = std::variant<SendBytes, ConnectRequest, PublishRequest, SubscribeRequest,
                                  UnsubscribeRequest, Close>;

/// The host's last word on a message that is about to leave: messages wait in queues, in windows
/// and in sessions without a connection, and rights change meanwhile.
class DeliveryCheck {
 public:
  virtual ~DeliveryCheck() = default;
  /// False: it is dropped as if it had been sent.
  [[nodiscard]] virtual bool may_receive(const Message& message) const = 0;
};

/// The host's yes to a ConnectRequest.
struct ConnectAnswer {
  std::string assigned_client_id = {};         ///< When the client left it to the host.
  std::optional<Seconds> session_expiry = {};  ///< When it differs from the request's.
  std::unique_ptr<SessionState> session = {};  ///< The session to resume; none: a new one.
  const DeliveryCheck* check = nullptr;        ///< Outlives the connection.
  std::shared_ptr<QueueAccount> account = {};  ///< Pays for the messages that wait.
};

/// Whether a client that connects so resumes an earlier session. Not under another protocol
/// version, as on AWS.
bool may_resume(const SessionState& session, bool clean_start, Version version);

/// The server's end of one MQTT connection: bytes in, actions out. It has no socket, no clock and
/// no idea of topics beyond their form. Owned by one connection on one shard. After every call the
/// host drains next_action(); an answer that comes after the end is ignored, so slow hosts need not
/// check.
class ServerSession {
 public:
  /// `limits` outlives the session. `now` starts the connect timeout.
  ServerSession(const Limits& limits, Monotonic now);

  /// Bytes from the client, cut anywhere.
  void receive(BytesView bytes, Monotonic now);
  /// So many bytes of SendBytes have left for the client; without this report the session falls
  /// silent after Limits::unwritten_pause_bytes and ends at Limits::unwritten_bytes.
  void written(std::size_t bytes, Monotonic now);
  /// The transport is gone.
  void connection_lost();
  /// Time has passed; due at next_deadline() at the latest. Earlier calls do no harm.
  void tick(Monotonic now);
  [[nodiscard]] std::optional<Monotonic> next_deadline() const;

  /// The next action, or nullopt when all is done: requests in the client's order, then everything
  /// there is to send in one piece, and Close at last. Drain after each call of anything else.
  std::optional<ServerAction> next_action();

  /// False when the connection has ended meanwhile; `answer.session` is then left as it is.
  bool accept_connect(ConnectAnswer&& answer, Monotonic now);
  void refuse_connect(ReasonCode code, std::string_view reason = {});

  /// The only place a PUBACK comes from. False for an identifier that waits for none (QoS 0 too).
  /// MQTT 3.1.1 knows no negative PUBACK: there a failure is either acknowledged all the same or,
  /// as AWS does with a denied publish, answered by disconnect().
  bool acknowledge_publish(std::uint16_t packet_id, ReasonCode code = ReasonCode::success,
                           std::string_view reason = {});
  /// Send retained messages after this, with deliver(..., retain = true).
  void answer_subscribe(const SubscribeRequest& request, std::string_view reason = {});
  void answer_unsubscribe(const UnsubscribeRequest& request, std::string_view reason = {});

  /// Sends a message now or as soon as window and socket allow. `qos` is 0 or 1. False when it was
  /// dropped at once; it may be later, when it expires or is too large for the client.
  bool deliver(MessagePtr message, QoS qos, bool retain, Monotonic now);

  /// Until told otherwise no message leaves; they wait in the queue.
  void hold_deliveries(bool hold);
  /// Messages wait behind others that the client has yet to take.
  [[nodiscard]] bool has_backlog() const { return state_.outbox.waiting() > 0; }

  /// Ends the connection from this side: DISCONNECT in MQTT 5, then Close with the will.
  void disconnect(ReasonCode code, std::string_view reason = {});

  /// Takes subscriptions and undelivered QoS 1 messages out, to keep or to hand to another
  /// connection. Call after disconnect() or Close.
  std::unique_ptr<SessionState> take_state();

  [[nodiscard]] bool is_connected() const { return phase_ == Phase::connected; }
  [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
  /// The session outlives the connection. One that does not has ended when the connection ends
  /// [MQTT-3.1.2-6] of 3.1.1, so nobody resumes it.
  [[nodiscard]] bool outlives_connection() const { return session_expiry_ > Seconds(0); }
  /// The connection's version, known from its CONNECT on.
  [[nodiscard]] Version version() const { return state_.version; }
  [[nodiscard]] const std::vector<Subscription>& subscriptions() const {
    return state_.subscriptions;
  }
  /// Bytes of SendBytes drained or waiting that written() has not yet reported.
  [[nodiscard]] std::size_t unwritten() const { return unwritten_; }

 private:
  enum class Phase : std::uint8_t { awaiting_connect, deciding, connected, closed };

  // Input.
  [[nodiscard]] bool can_parse() const;
  void resume();
  void parse(BytesView& input);
  void handle(const Frame& frame);
  void handle_connect(const Frame& frame);
  std::optional<ProtocolError> check_connect(const ConnectPacket& packet) const;
  void request_connect(const ConnectPacket& packet);
  void ask(ServerAction request);
  void handle_publish(const Frame& frame);
  std::optional<ProtocolError> check_publish(const PublishPacket& packet) const;
  bool resolve_topic_alias(PublishPacket& packet);
  void handle_puback(const Frame& frame);
  void handle_subscribe(const Frame& frame);
  void handle_unsubscribe(const Frame& frame);
  void handle_disconnect(const Frame& frame);
  bool begin_request(std::uint16_t packet_id);
  bool end_request(std::uint16_t packet_id);
  [[nodiscard]] bool is_identifier_in_use(std::uint16_t packet_id) const;
  [[nodiscard]] bool is_subscribed(std::string_view filter) const;

  // Output.
  template <class P>
  void send(const P& packet);
  template <class P>
  void send_with_reason(P packet, std::string_view reason);
  void pump();
  void fail(const ProtocolError& error);
  void fail(CloseReason reason, ReasonCode code, std::string detail);
  void close(CloseReason reason, ReasonCode code, std::string detail, bool with_will);
  [[nodiscard]] std::optional<Monotonic> packet_deadline() const;
  [[nodiscard]] std::size_t window() const;

  const Limits& limits_;
  FrameReader reader_;
  Bytes held_back_;  // received; parsed up to held_start_
  std::size_t held_start_ = 0;
  std::unique_ptr<ServerAction> request_;  // the one that waits for the host
  Bytes out_;                              // to be sent
  std::unique_ptr<Close> close_;           // when all is sent
  SessionState state_;
  std::vector<std::uint16_t> unacknowledged_;    // PUBLISH packets the host owes an answer
  std::vector<std::uint16_t> pending_requests_;  // SUBSCRIBE and UNSUBSCRIBE likewise
  std::vector<std::string> topic_aliases_;       // [n] is alias n + 1
  std::unique_ptr<Will> will_;
  std::size_t unwritten_ = 0;
  Monotonic now_;
  Monotonic last_packet_;     // when the last whole packet arrived; before any: the beginning
  Monotonic packet_started_;  // when the incomplete packet began
  Seconds session_expiry_{};
  std::uint32_t client_packet_bytes_;  // the client's Maximum Packet Size
  std::uint16_t client_receive_maximum_ = 65535;
  std::uint16_t keep_alive_ = 0;        // seconds
  std::uint16_t reserved_filters_ = 0;  // new filters in requests not yet answered
  const DeliveryCheck* check_ = nullptr;
  Phase phase_ = Phase::awaiting_connect;
  bool hold_deliveries_ = false;
  bool reason_strings_ = true;  // Request Problem Information
};

}  // namespace imprint::mqtt
