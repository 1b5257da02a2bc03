// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <algorithm>

namespace imprint::server {

namespace {

/// Enough for a first hour of trying things out at a bench; then one step in ten seconds.
constexpr double kBurst = 100;
constexpr double kEverySecond = 0.1;
constexpr std::size_t kMaxBudgets = 100'000;
/// When the store cannot follow, the newest steps are left out: the log has them.
constexpr std::size_t kMaxWaiting = 50'000;

}  // namespace

void Journal::note(const std::string& who, registry::AuditEvent event) {
  event.time = clock_.now();
  {
    const std::scoped_lock lock(mutex_);
    const double left = spend(who);
    if (left < 1 || waiting_.size() >= kMaxWaiting) return;
    waiting_.push_back(event);
    if (left < 2) {
      event.step = "journal";
      event.outcome = "paused";
      event.detail = R"({"because":"so many steps in so short a time; further ones are in the )"
                     R"(server's log only, until it is quieter"})";
      waiting_.push_back(std::move(event));
    }
    if (is_writing_) return;
    is_writing_ = true;
  }
  runtime::start(write());
}

double Journal::spend(const std::string& who) {
  const Monotonic now = clock_.monotonic();
  auto it = budgets_.find(who);
  if (it == budgets_.end()) {
    // Which one is forgotten hardly matters: it begins anew with its next step.
    if (budgets_.size() >= kMaxBudgets) budgets_.erase(budgets_.begin());
    it = budgets_.emplace(who, Budget{kBurst, now}).first;
  }
  Budget& budget = it->second;
  const std::chrono::duration<double> passed = now - budget.since;
  budget.left = std::min(kBurst, budget.left + passed.count() * kEverySecond);
  budget.since = now;
  const double left = budget.left;
  if (left >= 1) budget.left -= 1;
  return left;
}

registry::Task<void> Journal::write() {
  while (true) {
    registry::ChangeSet changes;
    {
      const std::scoped_lock lock(mutex_);
      is_writing_ = !waiting_.empty();
      if (!is_writing_) co_return;
      changes.events = std::exchange(waiting_, {});
    }
    const std::size_t count = changes.events.size();
    const auto written = co_await store_.commit(std::move(changes));
    if (!written) {
      log_.error("steps of devices are missing from the audit trail",
                 {{"steps", count}, {"cause", written.error().message}});
    }
  }
}

}  // namespace imprint::server
