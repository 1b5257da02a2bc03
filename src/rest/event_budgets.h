// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "telemetry/audit_budgets.h"

namespace imprint::rest {

/// How many refusals of one kind become audit events: a budget for each who is refused, so that
/// nobody hides another's tries behind his own, and a far larger one for all of them. Any thread.
class EventBudgets {
 public:
  explicit EventBudgets(Monotonic now) : all_(now, kAll) {}

  /// How many events were left out before this one, unless it is left out too.
  std::optional<std::uint64_t> spend(std::string_view who, Monotonic now) {
    const std::scoped_lock lock(mutex_);
    const auto own = each_.of(who, now).take(now);
    if (!own) return std::nullopt;
    const auto all = all_.take(now);
    if (!all) return std::nullopt;
    return own->left_out + all->left_out;
  }

  static constexpr std::size_t kMost = 1'000;
  static constexpr telemetry::Allowance kAll{20 * telemetry::AuditBudget::kBurst, Seconds(1)};

 private:
  std::mutex mutex_;
  telemetry::AuditBudgets each_{kMost,
                                {telemetry::AuditBudget::kBurst, telemetry::AuditBudget::kEach}};
  telemetry::AuditBudget all_;
};

}  // namespace imprint::rest
