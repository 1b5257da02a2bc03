// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/fifo.h"
#include "mqtt/limits.h"
#include "mqtt/message.h"

namespace imprint::mqtt {

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

  /// The connection is gone: QoS 0 messages are dropped and what is in flight will be sent again.
  void interrupt();

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return waiting_.empty() && in_flight_.empty(); }

  std::uint32_t dropped_qos0 = 0;  ///< Dropped because the queue was full or the client gone.
  std::uint32_t dropped_qos1 = 0;

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

  bool make_room(std::size_t bytes, QoS qos, const Limits& limits);
  std::uint16_t free_packet_id();

  Fifo<Waiting> waiting_;
  std::vector<InFlight> in_flight_;
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
};

}  // namespace imprint::mqtt
