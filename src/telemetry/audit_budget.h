// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace imprint::telemetry {

/// How many refusals of one source become audit events: whoever repeats itself must not fill the
/// disk. A burst, then a steady trickle. A value; its owner guards it.
class AuditBudget {
 public:
  static constexpr std::int64_t kBurst = 60;
  static constexpr Seconds kEach{10};  ///< one more event every ten seconds

  struct Grant {
    std::uint64_t left_out;  ///< since the last grant
    bool is_last;            ///< the next one is left out, unless time passes first
  };

  explicit AuditBudget(Monotonic now) : filled_(now) {}

  /// Nothing when this one is left out too.
  std::optional<Grant> take(Monotonic now) {
    const std::int64_t earned = (now - filled_) / kEach;
    if (earned > 0) {
      left_ = std::min(kBurst, left_ + std::min(kBurst, earned));
      filled_ += earned * kEach;
    }
    if (left_ == 0) {
      ++left_out_;
      return std::nullopt;
    }
    --left_;
    return Grant{std::exchange(left_out_, 0), left_ == 0};
  }

 private:
  Monotonic filled_;
  std::int64_t left_ = kBurst;
  std::uint64_t left_out_ = 0;
};

}  // namespace imprint::telemetry
