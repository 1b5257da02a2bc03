// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <utility>

#include "encoding/json.h"

namespace imprint::server {

namespace {

constexpr std::size_t kMaxBudgets = 100'000;
/// When the store cannot follow, the newest steps are left out: the log has them.
constexpr std::size_t kMaxWaiting = 50'000;

/// The step's own detail, so that a claim stays marked as one, and why nothing follows.
std::string paused(const std::string& detail) {
  auto parsed = encoding::parse_json(detail);
  encoding::json::object out;
  if (parsed && parsed->is_object()) out = std::move(parsed->get_object());
  out["because"] =
      "so many steps in so short a time; further ones are in the server's log only, until it is "
      "quieter";
  return encoding::to_json(out);
}

}  // namespace

void Journal::note(const std::string& who, registry::AuditEvent event) {
  event.time = clock_.now();
  {
    const std::scoped_lock lock(mutex_);
    const auto grant = budget_of(who).take(clock_.monotonic());
    if (!grant || waiting_.size() >= kMaxWaiting) return;
    waiting_.push_back(event);
    if (grant->is_last) {
      event.step = "journal";
      event.outcome = "paused";
      event.detail = paused(event.detail);
      waiting_.push_back(std::move(event));
    }
    if (is_writing_) return;
    is_writing_ = true;
  }
  runtime::start(write());
}

telemetry::AuditBudget& Journal::budget_of(const std::string& who) {
  const auto it = budgets_.find(who);
  if (it != budgets_.end()) return it->second;
  // Which one is forgotten hardly matters: it begins anew with its next step.
  if (budgets_.size() >= kMaxBudgets) budgets_.erase(budgets_.begin());
  return budgets_.emplace(who, telemetry::AuditBudget(clock_.monotonic())).first->second;
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
