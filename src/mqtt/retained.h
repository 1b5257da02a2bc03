// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>

#include "mqtt/message.h"

namespace imprint::mqtt {

/// The last retained message of each topic, limited in number and bytes. Not thread-safe. As on
/// AWS, a subscription gets a retained message only if its filter equals the topic; filters with
/// wildcards and share groups get none.
class RetainedMessages {
 public:
  struct Bounds {
    std::size_t messages = 500'000;
    std::size_t bytes = std::size_t{256} * 1024 * 1024;
  };
  enum class Outcome {
    stored,
    cleared,  ///< The payload was empty, so the retained message was removed [MQTT-3.3.1-6, 5.0].
    full,     ///< Bounds reached; the topic's previous message is kept.
  };
  struct Retained {
    MessagePtr message;
    QoS qos = QoS::at_most_once;
  };

  explicit RetainedMessages(Bounds bounds) : bounds_(bounds) {}

  /// Stores a message that was published with RETAIN set; it replaces the topic's previous one.
  Outcome store(MessagePtr message, QoS qos, Monotonic now);

  /// The message to send to a new subscription to `filter`; nullptr if there is none or it has
  /// expired.
  [[nodiscard]] const Retained* find(std::string_view filter, Monotonic now) const;

  /// Removes expired messages and returns their number. store() does this itself when the bounds
  /// are reached.
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
