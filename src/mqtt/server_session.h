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

// Actions: requests of the session to its host.

/// A client requests a connection. Answer, now or later, with accept_connect or refuse_connect.
/// Until then the session does not process further packets of the client.
struct ConnectRequest {
  Version version = Version::v3_1_1;
  std::string client_id = {};  ///< If empty, the host assigns one.
  bool clean_start = true;     ///< Discard any earlier session of this client id.
  Seconds session_expiry{};    ///< As requested, up to the limit; 0: ends with the connection.
  Seconds keep_alive{};        ///< As clamped by Limits.
  std::optional<std::string> user_name = {};
  bool has_password = false;      ///< Not used: clients authenticate with certificates.
  std::optional<Will> will = {};  ///< Only for checks: Close returns it when it must be published.
  std::vector<std::pair<std::string, std::string>> user_properties = {};
};

/// A message from the client. With QoS 1, call acknowledge_publish(packet_id) after processing it.
struct PublishRequest {
  MessagePtr message = {};
  QoS qos = QoS::at_most_once;  ///< 0 or 1.
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;  ///< 0 with QoS 0.
};

/// Requested subscriptions. The host may set the `code` of an entry to a failure and returns the
/// request with answer_subscribe. Entries that are already failures must stay failures.
struct SubscribeRequest {
  struct Entry {
    std::string filter = {};        ///< Including a share prefix; see parse_filter.
    SubscribeOptions options = {};  ///< QoS is 0 or 1; QoS 2 becomes 1, as [MQTT-3.8.4-7, 5.0]
                                    ///< allows. AWS would not answer QoS 2 at all.
    bool is_new = true;             ///< For RetainHandling::send_if_new.
    ReasonCode code = ReasonCode::success;  ///< The granted QoS, or a failure.
  };
  std::uint16_t packet_id = 0;
  std::vector<Entry> entries = {};
};

/// Subscriptions to remove. The host returns the request with answer_unsubscribe.
struct UnsubscribeRequest {
  struct Entry {
    std::string filter = {};
    bool existed = false;
    ReasonCode code = ReasonCode::success;  ///< no_subscription_existed if there was none.
  };
  std::uint16_t packet_id = 0;
  std::vector<Entry> entries = {};
};

/// The last action. Write all pending bytes, then close the connection. Publish `will`, if there is
/// one, after its delay or when the session ends, whichever comes first [MQTT-3.1.3-9, 5.0].
struct Close {
  CloseReason reason = CloseReason::protocol_error;
  ReasonCode code = ReasonCode::success;  ///< The MQTT 5 reason code, also for MQTT 3.1.1.
  std::string detail = {};                ///< A sentence for the log.
  bool was_connected = false;             ///< Whether CONNECT had been accepted.
  std::optional<Will> will = {};
  Seconds session_expiry{};  ///< The time to keep the result of take_state(); 0: do not keep it.
};

using ServerAction = std::variant<SendBytes, ConnectRequest, PublishRequest, SubscribeRequest,
                                  UnsubscribeRequest, Close>;

/// The host's final check of a message that is about to be sent: permissions may have changed while
/// the message was queued.
class DeliveryCheck {
 public:
  virtual ~DeliveryCheck() = default;
  /// If false, the message is dropped as if it had been sent.
  [[nodiscard]] virtual bool may_receive(const Message& message) const = 0;
};

/// The host's acceptance of a ConnectRequest.
struct ConnectAnswer {
  std::string assigned_client_id = {};         ///< Set if the client sent none.
  std::optional<Seconds> session_expiry = {};  ///< Set if it differs from the request's.
  std::unique_ptr<SessionState> session = {};  ///< The session to resume; null for a new one.
  const DeliveryCheck* check = nullptr;        ///< Outlives the connection.
  std::shared_ptr<QueueAccount> account = {};  ///< Charged for queued messages.
};

/// Whether a CONNECT with these values may resume `session`. As on AWS, the protocol version must
/// be the same.
bool may_resume(const SessionState& session, bool clean_start, Version version);

/// The server's end of one MQTT connection: takes bytes and returns actions. It has no socket and
/// no clock, and it only checks the syntax of topics. Owned by one connection on one shard. The
/// host drains next_action() after every call. Answers after the end of the connection are ignored,
/// so slow hosts need not check for it.
class ServerSession {
 public:
  /// `limits` outlives the session. `now` starts the connect timeout.
  ServerSession(const Limits& limits, Monotonic now);

  /// Bytes from the client, in pieces of any size.
  void receive(BytesView bytes, Monotonic now);
  /// Reports that this many bytes of SendBytes were written to the socket. Without these reports
  /// the session stops delivering at Limits::unwritten_pause_bytes and closes above
  /// Limits::unwritten_bytes.
  void written(std::size_t bytes, Monotonic now);
  /// Call when the transport was closed or has failed.
  void connection_lost();
  /// Handles timeouts. Call at next_deadline() at the latest; earlier calls do no harm.
  void tick(Monotonic now);
  [[nodiscard]] std::optional<Monotonic> next_deadline() const;

  /// The next action, or nullopt if there is none: requests in the client's order, then all bytes
  /// to send in one piece, finally Close. Drain after each call of any other function.
  std::optional<ServerAction> next_action();

  /// False if the connection has already ended; `answer.session` is then unchanged.
  bool accept_connect(ConnectAnswer&& answer, Monotonic now);
  void refuse_connect(ReasonCode code, std::string_view reason = {});

  /// Sends the PUBACK for a PublishRequest. False for an identifier without a pending PUBACK, such
  /// as 0 for QoS 0. MQTT 3.1.1 has no negative PUBACK: the host either acknowledges a failed
  /// message anyway or calls disconnect(), as AWS does after a denied publish.
  bool acknowledge_publish(std::uint16_t packet_id, ReasonCode code = ReasonCode::success,
                           std::string_view reason = {});
  /// Afterwards send retained messages with deliver(..., retain = true).
  void answer_subscribe(const SubscribeRequest& request, std::string_view reason = {});
  void answer_unsubscribe(const UnsubscribeRequest& request, std::string_view reason = {});

  /// Sends a message now or as soon as window and socket allow. `qos` is 0 or 1. False if the
  /// message was dropped immediately. It can also be dropped later, if it expires or is too large
  /// for the client.
  bool deliver(MessagePtr message, QoS qos, bool retain, Monotonic now);

  /// While `hold` is true, no message is sent; messages stay in the queue.
  void hold_deliveries(bool hold);
  /// Whether messages are queued because the client has not yet taken earlier ones.
  [[nodiscard]] bool has_backlog() const { return state_.outbox.waiting() > 0; }

  /// Ends the connection from this side: DISCONNECT in MQTT 5, then Close with the will.
  void disconnect(ReasonCode code, std::string_view reason = {});

  /// Moves the subscriptions and the undelivered QoS 1 messages out of the session, to keep them or
  /// to pass them to another connection. Call after disconnect() or Close.
  std::unique_ptr<SessionState> take_state();

  [[nodiscard]] bool is_connected() const { return phase_ == Phase::connected; }
  [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
  /// Whether the session outlives the connection. Otherwise it ends with the connection
  /// ([MQTT-3.1.2-6] of 3.1.1) and cannot be resumed.
  [[nodiscard]] bool outlives_connection() const { return session_expiry_ > Seconds(0); }
  /// The connection's version, valid after CONNECT.
  [[nodiscard]] Version version() const { return state_.version; }
  [[nodiscard]] const std::vector<Subscription>& subscriptions() const {
    return state_.subscriptions;
  }
  /// Bytes of SendBytes, drained or not, that written() has not yet reported.
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
  std::unique_ptr<ServerAction> request_;  // not yet taken by the host
  Bytes out_;                              // encoded, not yet drained
  std::unique_ptr<Close> close_;           // returned after out_
  SessionState state_;
  std::vector<std::uint16_t> unacknowledged_;    // PUBLISH packets that the host has not answered
  std::vector<std::uint16_t> pending_requests_;  // the same for SUBSCRIBE and UNSUBSCRIBE
  std::vector<std::string> topic_aliases_;       // [n] is alias n + 1
  std::unique_ptr<Will> will_;
  std::size_t unwritten_ = 0;
  Monotonic now_;
  Monotonic last_packet_;     // arrival of the last complete packet; initially the start
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
