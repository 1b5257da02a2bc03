// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>

#include "mqtt/message.h"

namespace imprint::mqtt {

/// The last retained message of each topic, bounded in number and bytes. Not for several threads.
/// As on AWS, a subscription gets one only if its filter is the topic, character for character;
/// wildcards and share groups get none.
class RetainedMessages {
 public:
  struct Bounds {
    std::size_t messages = 500'000;
    std::size_t bytes = std::size_t{256} * 1024 * 1024;
  };
  enum class Outcome {
    stored,
    cleared,  ///< The payload was empty: the topic has no retained message now [MQTT-3.3.1-6, 5.0].
    full,     ///< Bounds reached; what the topic held before is still there.
  };
  struct Retained {
    MessagePtr message;
    QoS qos = QoS::at_most_once;
  };

  explicit RetainedMessages(Bounds bounds) : bounds_(bounds) {}

  /// Keeps a message that was published with RETAIN set, in place of the topic's former one.
  Outcome store(MessagePtr message, QoS qos, Monotonic now);

  /// What a new subscription to `filter` is to be sent; nullptr if nothing, or if it has expired.
  [[nodiscard]] const Retained* find(std::string_view filter, Monotonic now) const;

  /// Drops what has expired and says how many; store() does so by itself when it is full.
  std::size_t sweep(Monotonic now);

  [[nodiscard]] std::size_t size() const { return messages_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  [[nodiscard]] bool fits(std::size_t new_bytes, std::size_t old_bytes, bool replaces) const;

  Bounds bounds_;
  // The key is the message's own topic, which lives as long as the entry.
  std::unordered_map<std::string_view, Retained> messages_;
  std::size_t bytes_ = 0;
  Monotonic last_sweep_ = {};
};

}  // namespace imprint::mqtt
