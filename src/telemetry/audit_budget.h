// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace imprint::telemetry {

/// A burst of this many events, then one more per period.
struct Allowance {
  std::int64_t burst;
  Seconds each;
};

/// Limits how many steps of one source become audit events, so that a source that repeats itself
/// cannot fill the disk: a burst, then a low constant rate. Not thread-safe; its owner must lock
/// it.
class AuditBudget {
 public:
  static constexpr std::int64_t kBurst = 60;
  static constexpr Seconds kEach{10};  ///< one more event every ten seconds

  struct Grant {
    std::uint64_t left_out;  ///< since the last grant
    bool is_last;            ///< the next event is left out unless the budget refills first
  };

  explicit AuditBudget(Monotonic now, Allowance allowance = {kBurst, kEach})
      : allowance_(allowance), filled_(now), left_(allowance.burst) {}

  /// Nullopt if this event must be left out, too.
  std::optional<Grant> take(Monotonic now) {
    if (is_spent(now)) {
      ++left_out_;
      return std::nullopt;
    }
    --left_;
    return Grant{std::exchange(left_out_, 0), left_ == 0};
  }

  /// Whether take() would return nullopt.
  bool is_spent(Monotonic now) {
    const std::int64_t earned = (now - filled_) / allowance_.each;
    if (earned > 0) {
      left_ = std::min(allowance_.burst, left_ + std::min(allowance_.burst, earned));
      filled_ += earned * allowance_.each;
    }
    return left_ == 0;
  }

 private:
  Allowance allowance_;
  Monotonic filled_;
  std::int64_t left_;
  std::uint64_t left_out_ = 0;
};

}  // namespace imprint::telemetry
