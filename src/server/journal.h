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

/// Whose budgets are charged for a step.
struct Payer {
  std::string name;  ///< a device, as far as it can be distinguished from others, or an address
  /// What many names share and one attacker may control: a claim, a CA, refused handshakes. Empty:
  /// none.
  std::string group = {};
};

/// Records the steps of devices in the audit trail, where `imprint explain` finds them. No request
/// waits for it: a step that changes nothing need not be durable before it is answered. Steps that
/// arrive while a batch is being written go into the next one. Thread-safe.
///
/// A client that connects again and again would fill the trail. So each payer has a budget, and all
/// payers of a group share another, since new names cost the holder of a claim nothing. Steps
/// beyond the budget go to the log only; an event says when that begins and how many there were.
/// Registrations do not go through the journal: each is recorded in its own commit, however many
/// there are.
class Journal {
 public:
  /// 60 steps at once, then one every ten seconds.
  static constexpr telemetry::Allowance kOwn{telemetry::AuditBudget::kBurst,
                                             telemetry::AuditBudget::kEach};
  /// A factory line connects and disconnects 3,000 devices a day in minutes: 6,000 steps. A leaked
  /// claim adds up to about 35,000 events a day to the trail, whose default limit is 2,000,000.
  static constexpr telemetry::Allowance kShared{20'000, Seconds(5)};

  Journal(registry::Store& store, const Clock& clock, telemetry::Log& log,
          telemetry::Allowance shared = kShared)
      : store_(store), clock_(clock), log_(log), shared_{kMaxGroups, shared} {}
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Adds the event with the current time.
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

/// Records that a device spoke MQTT at the REST port. It has not identified itself, so only its
/// address is known.
void note_mqtt_at_rest_port(Journal& journal, telemetry::Log& log, const std::string& from);

}  // namespace imprint::server
