// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "mqtt/packet.h"

namespace imprint::mqtt {

/// Counts the queues that hold a message. A copy of the message starts at zero.
class Holders {
 public:
  Holders() = default;
  Holders(const Holders&) {}
  Holders& operator=(const Holders&) { return *this; }

  /// Both return the number of other queues that hold the message.
  std::uint32_t add() const { return count_.fetch_add(1, std::memory_order_relaxed); }
  std::uint32_t remove() const { return count_.fetch_sub(1, std::memory_order_relaxed) - 1; }

 private:
  mutable std::atomic<std::uint32_t> count_ = 0;
};

/// An application message that owns its data. It is immutable once shared, so a message for ten
/// thousand subscribers exists only once.
struct Message {
  std::string topic = {};
  Bytes payload = {};
  std::optional<std::uint8_t> payload_format_indicator = {};
  std::string content_type = {};    ///< Empty if there is none.
  std::string response_topic = {};  ///< Empty if there is none.
  std::optional<Bytes> correlation_data = {};
  std::vector<std::pair<std::string, std::string>> user_properties = {};
  /// Message Expiry Interval, counted from `received`.
  std::optional<Seconds> expiry = {};
  Monotonic received = {};
  Holders holders = {};
};

using MessagePtr = std::shared_ptr<const Message>;

/// The bytes that a message counts for in a bounded queue or store.
std::size_t weight(const Message& message);

/// Whether the message's expiry interval has passed.
bool is_expired(const Message& message, Monotonic now);

/// Copies the payload and the forwarded properties of a PUBLISH or a will into a message.
Message make_message(std::string_view topic, BytesView payload, const Properties& properties,
                     Monotonic now);

/// The PUBLISH for `message`, from which it borrows. Its expiry interval is the remaining time
/// [MQTT-3.3.2-6, 5.0].
PublishPacket to_publish(const Message& message, Monotonic now);

struct Will {
  MessagePtr message = {};
  QoS qos = QoS::at_most_once;
  bool retain = false;
  Seconds delay = {};  ///< Will Delay Interval; 0 in 3.1.1.
};

}  // namespace imprint::mqtt
