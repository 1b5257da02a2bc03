// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "registry/store.h"
#include "telemetry/audit_budgets.h"
#include "telemetry/log.h"

namespace imprint::server {

/// Whose budgets pay for a step.
struct Payer {
  std::string name;  ///< one device, as far as it can be told from others; an address
  /// What many names share and one attacker may have: a claim, a CA, refused handshakes. Empty:
  /// none.
  std::string group = {};
};

/// Puts the steps that devices take on record in the audit trail, where `imprint explain` finds
/// them. Nobody waits for it: what changes nothing need not be durable before it is answered. What
/// comes while one batch is being written goes into the next. Any thread.
///
/// Whoever comes again and again would fill the trail: each payer has a budget, and all of a group
/// together have another, since names are cheap to whoever holds a claim. What goes beyond is in
/// the log only; an event says when that begins and how much it was. Registrations do not pass
/// here: they are recorded in their own commit, however many they are.
class Journal {
 public:
  /// 60 steps at once, then one in ten seconds.
  static constexpr telemetry::Allowance kOwn{telemetry::AuditBudget::kBurst,
                                             telemetry::AuditBudget::kEach};
  /// A factory line connects and disconnects 3,000 devices a day in minutes: 6,000 steps. A claim
  /// that leaked adds up to some 35,000 a day to the trail, at 2,000,000 events.
  static constexpr telemetry::Allowance kShared{20'000, Seconds(5)};

  Journal(registry::Store& store, const Clock& clock, telemetry::Log& log,
          telemetry::Allowance shared = kShared)
      : store_(store), clock_(clock), log_(log), shared_{kMaxGroups, shared} {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// The event's time is now.
  void note(const Payer& payer, registry::AuditEvent event);

 private:
  static constexpr std::size_t kMaxPayers = 100'000;
  static constexpr std::size_t kMaxGroups = 10'000;

  void enter(const Payer& payer, registry::AuditEvent event);
  registry::Task<void> write();

  registry::Store& store_;
  const Clock& clock_;
  telemetry::Log& log_;
  std::mutex mutex_;
  telemetry::AuditBudgets own_{kMaxPayers, kOwn};
  telemetry::AuditBudgets shared_;
  std::vector<registry::AuditEvent> waiting_;
  bool is_writing_ = false;
};

/// A device that connects to the REST API has not said who it is; its address is all there is.
void note_mqtt_at_rest_port(Journal& journal, telemetry::Log& log, const std::string& from);

}  // namespace imprint::server
