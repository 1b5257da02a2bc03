// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "mqtt/connection.h"
#include "mqtt/fifo.h"
#include "mqtt/frame_reader.h"
#include "mqtt/message.h"

namespace imprint::mqtt {

struct ConnectOptions {
  Version version = Version::v5;
  std::string client_id = {};  ///< If empty, the server assigns one.
  bool clean_start = true;
  std::uint16_t keep_alive_seconds = 60;     ///< 0 disables it. An MQTT 5 server may override it.
  std::uint32_t session_expiry_seconds = 0;  ///< MQTT 5.
  std::optional<std::string> user_name = {};
  std::optional<Will> will = {};
  /// The largest packet that the client accepts. Announced in MQTT 5, enforced in both versions.
  std::uint32_t maximum_packet_bytes = 149504;
  /// The timeout for CONNACK and for PINGRESP.
  Seconds answer_timeout{10};
};

// Actions of the client session.

struct Connected {
  bool session_present = false;
  std::string assigned_client_id = {};   ///< Set if the server assigned it.
  std::uint16_t keep_alive_seconds = 0;  ///< The effective value.
};

/// The server refused the connection in CONNACK. Closed follows.
struct Refused {
  ReasonCode code = ReasonCode::unspecified_error;
  std::string reason = {};  ///< The server's reason string, if it sent one.
};

struct Subscribed {
  std::uint16_t packet_id = 0;
  std::vector<ReasonCode> codes = {};  ///< One per filter, in order.
  std::string reason = {};
};

struct Unsubscribed {
  std::uint16_t packet_id = 0;
  std::vector<ReasonCode> codes = {};  ///< MQTT 5 only.
  std::string reason = {};
};

/// The PUBACK of a QoS 1 message.
struct Acknowledged {
  std::uint16_t packet_id = 0;
  ReasonCode code = ReasonCode::success;
  std::string reason = {};
};

/// A received message. If it needs a PUBACK, the session sends it.
struct MessageReceived {
  MessagePtr message = {};
  QoS qos = QoS::at_most_once;
  bool retain = false;
  bool dup = false;
};

/// The last action. Write all pending bytes, then close the connection.
struct Closed {
  CloseReason reason = CloseReason::protocol_error;
  ReasonCode code = ReasonCode::success;
  std::string detail = {};
};

using ClientAction = std::variant<SendBytes, Connected, Refused, Subscribed, Unsubscribed,
                                  Acknowledged, MessageReceived, Closed>;

/// The client's end of one MQTT connection: takes calls and bytes, returns actions, and has no
/// socket and no clock. Owned by one connection. It keeps no message for a later connection: the
/// host must publish messages again that are unacknowledged at Closed. The host drains
/// next_action() after every call, so the number of queued actions is bounded by the input of one
/// receive().
class ClientSession {
 public:
  /// Sends CONNECT. `now` starts the wait for CONNACK.
  ClientSession(const ConnectOptions& options, Monotonic now);

  // Each returns the packet identifier of the expected answer (0 for QoS 0). Errors: conflict if
  // not connected; exhausted if the server's receive maximum or our own limit is reached; invalid
  // for a topic or filter that MQTT does not allow and for a packet that is too large for the
  // server.
  Result<std::uint16_t> publish(const Message& message, QoS qos, bool retain, Monotonic now);
  Result<std::uint16_t> subscribe(std::span<const SubscribePacket::Entry> entries, Monotonic now);
  Result<std::uint16_t> unsubscribe(std::span<const std::string_view> filters, Monotonic now);

  /// Sends DISCONNECT, so that the server discards the will, and closes.
  void disconnect();

  void receive(BytesView bytes, Monotonic now);
  void connection_lost();
  /// Handles timeouts. Call at next_deadline() at the latest.
  void tick(Monotonic now);
  [[nodiscard]] std::optional<Monotonic> next_deadline() const;
  std::optional<ClientAction> next_action();

  [[nodiscard]] bool is_connected() const { return phase_ == Phase::connected; }
  [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
  /// QoS 1 messages without PUBACK.
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

 private:
  enum class Phase : std::uint8_t { awaiting_connack, connected, closed };
  struct Pending {
    std::uint16_t packet_id = 0;
    PacketType answer = PacketType::puback;
    std::uint16_t count = 0;  // of filters
  };

  void handle(const Frame& frame);
  void handle_connack(const Frame& frame);
  void handle_publish(const Frame& frame);
  void handle_puback(const Frame& frame);
  void handle_suback(const Frame& frame);
  void handle_unsuback(const Frame& frame);
  void handle_disconnect(const Frame& frame);

  Result<void> check_ready() const;
  template <class P>
  Result<std::uint16_t> request(P packet, Pending pending, Monotonic now);
  std::optional<Pending> take_pending(std::uint16_t packet_id, PacketType answer);
  std::uint16_t free_packet_id();
  template <class P>
  void send(const P& packet);
  void fail(const ProtocolError& error);
  void close(CloseReason reason, ReasonCode code, std::string detail);

  Version version_;
  Phase phase_ = Phase::awaiting_connack;
  bool ping_outstanding_ = false;
  std::uint16_t keep_alive_;
  std::uint16_t last_packet_id_ = 0;
  std::uint16_t server_receive_maximum_ = 65535;
  std::uint32_t server_packet_bytes_ = UINT32_MAX;
  Seconds answer_timeout_;
  std::size_t in_flight_ = 0;
  FrameReader reader_;
  Fifo<ClientAction> actions_;
  std::vector<Pending> pending_;
  Monotonic now_;
  Monotonic last_sent_;  // starts the wait for CONNACK, the keep alive, or the wait for PINGRESP
};

}  // namespace imprint::mqtt
