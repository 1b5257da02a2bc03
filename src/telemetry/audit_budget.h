// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace imprint::telemetry {

/// A burst of this many events, then one more in each such period.
struct Allowance {
  std::int64_t burst;
  Seconds each;
};

/// Limits how many steps of one source become audit events: a source that repeats itself must not
/// fill the disk. A burst, then a steady trickle. A value; its owner guards it.
class AuditBudget {
 public:
  static constexpr std::int64_t kBurst = 60;
  static constexpr Seconds kEach{10};  ///< one more event every ten seconds

  struct Grant {
    std::uint64_t left_out;  ///< since the last grant
    bool is_last;            ///< the next event is left out, unless time passes first
  };

  explicit AuditBudget(Monotonic now, Allowance allowance = {kBurst, kEach})
      : allowance_(allowance), filled_(now), left_(allowance.burst) {}

  /// Nullopt when this event is left out, too.
  std::optional<Grant> take(Monotonic now) {
    if (is_spent(now)) {
      ++left_out_;
      return std::nullopt;
    }
    --left_;
    return Grant{std::exchange(left_out_, 0), left_ == 0};
  }

  /// Whether take() would refuse.
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
