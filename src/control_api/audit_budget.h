// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace imprint::control_api {

/// How many refused requests become audit events: a caller who repeats itself must not fill the
/// disk. A burst, then a steady trickle; what was left out is counted and told with the next event.
/// Any thread.
class AuditBudget {
 public:
  static constexpr std::int64_t kBurst = 60;
  static constexpr Seconds kEach{10};  ///< one more event every ten seconds

  explicit AuditBudget(Monotonic now) : filled_(now) {}

  /// How many were left out since the last one, or nothing when this one is left out too.
  std::optional<std::uint64_t> take(Monotonic now) {
    const std::scoped_lock lock(mutex_);
    const auto earned = (now - filled_) / kEach;
    if (earned > 0) {
      left_ = earned >= kBurst - left_ ? kBurst : left_ + earned;
      filled_ += earned * kEach;
    }
    if (left_ == 0) {
      ++left_out_;
      return std::nullopt;
    }
    --left_;
    return std::exchange(left_out_, 0);
  }

 private:
  std::mutex mutex_;
  Monotonic filled_;
  std::int64_t left_ = kBurst;
  std::uint64_t left_out_ = 0;
};

}  // namespace imprint::control_api
