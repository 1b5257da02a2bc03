// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/fifo.h"
#include "mqtt/limits.h"
#include "mqtt/message.h"

namespace imprint::mqtt {

/// The share of the queue memory that one more message may use. Connected clients have priority
/// over absent ones, and a connected client with an empty queue always needs room for one message.
enum class Room : std::uint8_t {
  for_absent_client,     ///< three quarters: the session has no connection
  for_connected_client,  ///< seven eighths
  for_first_message,     ///< all of it: the client is connected and its queue is empty
};

/// The total bytes of all queued messages. A message in several queues counts in full only once.
/// Any thread.
class QueueTotal {
 public:
  explicit QueueTotal(std::size_t most) : most_(most) {}

  /// False if there is no room for the message in one more queue.
  bool add(const Message& message, Room room);
  void remove(const Message& message);
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> bytes_ = 0;
};

/// The bytes in the queues of one owner; a message counts once per queue. Also updates the total.
/// Any thread.
class QueueAccount {
 public:
  QueueAccount(std::size_t most, QueueTotal& total) : most_(most), total_(total) {}

  bool add(const Message& message, Room room);
  void remove(const Message& message);
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  QueueTotal& total_;
  std::atomic<std::size_t> bytes_ = 0;
};

/// The outgoing messages of one client: those that wait, and QoS 1 messages that are sent but not
/// yet acknowledged. Limited in number and bytes. When full, QoS 0 messages are dropped first.
class Outbox {
 public:
  /// A message to send now.
  struct Transmission {
    MessagePtr message;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool dup = false;
    std::uint16_t packet_id = 0;
  };

  Outbox() = default;
  ~Outbox() { release_all(); }
  Outbox(Outbox&& other) noexcept { *this = std::move(other); }
  Outbox& operator=(Outbox&& other) noexcept;
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Call when the client has connected. `account` is charged for the queued messages; null: no
  /// account. Messages for which it has no room are dropped.
  void begin(std::shared_ptr<QueueAccount> account);

  /// Queues a message of QoS 0 or 1. If the queue is full, a QoS 1 message replaces the oldest
  /// waiting QoS 0 messages. If that is not possible, the new message is dropped and the result is
  /// false.
  bool push(MessagePtr message, QoS qos, bool retain, const Limits& limits);

  /// The next message to send, with at most `window` unacknowledged QoS 1 messages. Messages that
  /// an earlier connection sent without acknowledgement come first, in order [MQTT-4.6.0-1]. A
  /// returned QoS 1 message counts as in flight.
  std::optional<Transmission> take(std::size_t window);

  /// Removes a message in flight because it was acknowledged or will not be sent. False if no
  /// message with this packet identifier is in flight.
  bool finish(std::uint16_t packet_id);

  /// Removes and returns all QoS 1 messages, sent or not, in order; the QoS 0 messages are dropped.
  /// For a session that has ended.
  std::vector<MessagePtr> take_all();
  /// Removes and returns the QoS 1 messages, sent or not, for which `wanted` is true.
  std::vector<MessagePtr> take_out(const std::function<bool(const Message&)>& wanted);

  /// Call when the connection has ended: drops QoS 0 messages and marks messages in flight to be
  /// sent again.
  void interrupt();

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return waiting_.empty() && in_flight_.empty(); }

 private:
  struct Waiting {
    MessagePtr message;
    QoS qos = QoS::at_most_once;
    bool retain = false;
  };
  struct InFlight {
    MessagePtr message;
    std::uint16_t packet_id = 0;
    bool retain = false;
    bool sent = false;  // on the current connection
  };

  bool make_room(const Message& message, QoS qos, const Limits& limits);
  [[nodiscard]] Room room() const;
  bool charge(const Message& message);
  void release(const Message& message);
  void release_all();
  std::uint16_t free_packet_id();

  Fifo<Waiting> waiting_;
  std::vector<InFlight> in_flight_;
  std::shared_ptr<QueueAccount> account_;
  bool is_client_connected_ = false;
  std::size_t bytes_ = 0;
  std::size_t waiting_qos0_ = 0;
  std::uint16_t unsent_in_flight_ = 0;
  std::uint16_t last_packet_id_ = 0;
};

struct Subscription {
  std::string filter = {};  ///< As sent by the client, including a share prefix.
  SubscribeOptions options = {};
};

/// The state that outlives a connection: MQTT's session state (MQTT 5.0 section 4.1) without the
/// client id and the expiry, which the host keeps. While there is no connection, the host pushes
/// QoS 1 messages into `outbox`.
struct SessionState {
  Version version = Version::v3_1_1;
  std::vector<Subscription> subscriptions = {};
  Outbox outbox = {};

  /// Adds the subscriptions and messages of another session of the same client.
  void absorb(SessionState other, const Limits& limits);
};

}  // namespace imprint::mqtt
