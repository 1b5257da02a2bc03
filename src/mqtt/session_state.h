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

/// How full the memory for queues may be for one more message: clients that are there come before
/// those that are not, and one that takes its messages needs room for one at a time.
enum class Room : std::uint8_t {
  of_absent,   ///< three quarters: no connection holds the session
  of_present,  ///< seven eighths
  of_next,     ///< all of it: nothing waits yet for a client that is there
};

/// The bytes of all messages that queues hold, each message once however many hold it. Any thread.
class QueueTotal {
 public:
  explicit QueueTotal(std::size_t most) : most_(most) {}

  /// False when there is no room for it in one more queue.
  bool add(const Message& message, Room room);
  void remove(const Message& message);
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> bytes_ = 0;
};

/// The bytes in the queues of one owner, each message once for each queue, as a part of the total.
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

/// Messages on their way to one client: those that wait, and the QoS 1 messages sent and not yet
/// acknowledged. Bounded in number and bytes; what does not fit is refused, QoS 0 first.
class Outbox {
 public:
  /// A message due on the wire now.
  struct Transmission {
    MessagePtr message;
    QoS qos = QoS::at_most_once;
    bool retain = false;
    bool dup = false;
    std::uint16_t packet_id = 0;
  };

  Outbox() = default;
  ~Outbox() { let_go_of_all(); }
  Outbox(Outbox&& other) noexcept { *this = std::move(other); }
  Outbox& operator=(Outbox&& other) noexcept;
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// The client is there. Whose account pays for what waits here; none: nobody's. What there is no
  /// room for is dropped.
  void begin(std::shared_ptr<QueueAccount> account);

  /// Queues a message of QoS 0 or 1. When full, the oldest waiting QoS 0 messages give way to QoS
  /// 1, and otherwise the new message is the one that is dropped: then the answer is false.
  bool push(MessagePtr message, QoS qos, bool retain, const Limits& limits);

  /// The next message to send with at most `window` QoS 1 messages unacknowledged; first those that
  /// an earlier connection sent in vain, in their order [MQTT-4.6.0-1]. A QoS 1 message counts as
  /// in flight from here on.
  std::optional<Transmission> take(std::size_t window);

  /// Ends the flight of a message: acknowledged, or not to be sent after all.
  /// False when no such packet identifier is in flight.
  bool finish(std::uint16_t packet_id);

  /// Takes out every message of QoS 1, sent or not, in order: the session has ended.
  std::vector<MessagePtr> take_all();
  /// Takes out those that `wanted` says, of QoS 1, sent or not; the others stay as they are.
  std::vector<MessagePtr> take_out(const std::function<bool(const Message&)>& wanted);

  /// The connection is gone: QoS 0 messages are dropped and what is in flight will be sent again.
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
    bool sent = false;  // on the present connection
  };

  bool make_room(const Message& message, QoS qos, const Limits& limits);
  [[nodiscard]] Room room() const;
  bool hold(const Message& message);
  void let_go(const Message& message);
  void let_go_of_all();
  std::uint16_t free_packet_id();

  Fifo<Waiting> waiting_;
  std::vector<InFlight> in_flight_;
  std::shared_ptr<QueueAccount> account_;
  bool is_client_there_ = false;
  std::size_t bytes_ = 0;
  std::size_t waiting_qos0_ = 0;
  std::uint16_t unsent_in_flight_ = 0;
  std::uint16_t last_packet_id_ = 0;
};

struct Subscription {
  std::string filter = {};  ///< As the client wrote it, share prefix included.
  SubscribeOptions options = {};
};

/// What outlives a connection: MQTT's session state (MQTT 5.0 section 4.1), without the client id
/// and the expiry, which the host keeps. While no connection holds it, the host pushes QoS 1
/// messages into `outbox`.
struct SessionState {
  Version version = Version::v3_1_1;
  std::vector<Subscription> subscriptions = {};
  Outbox outbox = {};

  /// Takes over what another session of the same client has that this one lacks.
  void absorb(SessionState other, const Limits& limits);
};

}  // namespace imprint::mqtt
