// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "registry/store.h"
#include "telemetry/audit_budget.h"
#include "telemetry/log.h"

namespace imprint::server {

/// Puts the steps that devices take on record in the audit trail, where `imprint explain` finds
/// them. Nobody waits for it: what changes nothing need not be durable before it is answered. What
/// comes while one batch is being written goes into the next. Any thread.
///
/// A device that comes again and again would fill the trail: each one has a budget, and what goes
/// beyond it shows in the log only.
class Journal {
 public:
  Journal(registry::Store& store, const Clock& clock, telemetry::Log& log)
      : store_(store), clock_(clock), log_(log) {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// `who` is whose budget pays: a certificate, an address. The event's time is now.
  void note(const std::string& who, registry::AuditEvent event);

 private:
  telemetry::AuditBudget& budget_of(const std::string& who);
  registry::Task<void> write();

  registry::Store& store_;
  const Clock& clock_;
  telemetry::Log& log_;
  std::mutex mutex_;
  std::unordered_map<std::string, telemetry::AuditBudget> budgets_;
  std::vector<registry::AuditEvent> waiting_;
  bool is_writing_ = false;
};

}  // namespace imprint::server
