// SPDX-License-Identifier: Apache-2.0
#include "mqtt/retained.h"

namespace imprint::mqtt {

namespace {

/// A full store removes expired messages at most this often, so that not every message to a full
/// store costs a scan.
constexpr Seconds kSweepInterval{10};

}  // namespace

bool RetainedMessages::fits(std::size_t new_bytes, std::size_t old_bytes, bool replaces) const {
  return messages_.size() + (replaces ? 0 : 1) <= bounds_.messages &&
         bytes_ - old_bytes + new_bytes <= bounds_.bytes;
}

RetainedMessages::Outcome RetainedMessages::store(MessagePtr message, QoS qos, Monotonic now) {
  auto old = messages_.find(message->topic);
  const std::size_t old_bytes = old == messages_.end() ? 0 : weight(*old->second.message);
  if (message->payload.empty()) {
    bytes_ -= old_bytes;
    if (old != messages_.end()) messages_.erase(old);
    return Outcome::cleared;
  }
  const std::size_t new_bytes = weight(*message);
  if (!fits(new_bytes, old_bytes, old != messages_.end())) {
    if (now - last_sweep_ < kSweepInterval) return Outcome::full;
    last_sweep_ = now;
    // Sweeping may remove the topic's previous message and invalidate `old`, so start again.
    if (sweep(now) == 0) return Outcome::full;
    return store(std::move(message), qos, now);
  }
  if (old != messages_.end()) messages_.erase(old);  // its key is part of the old message
  bytes_ += new_bytes - old_bytes;
  const std::string_view topic = message->topic;
  messages_.emplace(topic, Retained{std::move(message), qos});
  return Outcome::stored;
}

const RetainedMessages::Retained* RetainedMessages::find(std::string_view filter,
                                                         Monotonic now) const {
  const auto found = messages_.find(filter);
  if (found == messages_.end() || is_expired(*found->second.message, now)) return nullptr;
  return &found->second;
}

std::size_t RetainedMessages::sweep(Monotonic now) {
  const std::size_t before = messages_.size();
  for (auto it = messages_.begin(); it != messages_.end();) {
    if (is_expired(*it->second.message, now)) {
      bytes_ -= weight(*it->second.message);
      it = messages_.erase(it);
    } else {
      ++it;
    }
  }
  return before - messages_.size();
}

}  // namespace imprint::mqtt
