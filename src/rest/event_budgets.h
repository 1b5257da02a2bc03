// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "telemetry/audit_budgets.h"

namespace imprint::rest {

/// Bounds how many refusals of one kind become audit events: a budget for each caller, so that no
/// caller can hide another one's attempts behind its own, and a far larger one for all. Any thread.
class EventBudgets {
 public:
  explicit EventBudgets(Monotonic now) : all_(now, kAll) {}

  /// The number of events that were left out before this one; no value if this one is left out too.
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
