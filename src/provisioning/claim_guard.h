// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/current.h"
#include "provisioning/caller.h"
#include "provisioning/claim_budget.h"
#include "provisioning/claim_places.h"
#include "provisioning/claim_rates.h"
#include "provisioning/settings.h"
#include "registry/store.h"

namespace imprint::provisioning {

/// Enforces the budgets of claims, and freezes a claim that is used outside its budget.
/// Certificates without a budget, such as claims created as on AWS, are limited by their policies
/// only. One per process, any thread.
class ClaimGuard {
 public:
  ClaimGuard(registry::Store& store, const Current<Settings>& settings, const Clock& clock)
      : store_(store), settings_(settings), clock_(clock) {}

  /// The caller's current certificate record, if its budget allows `use`. Causes: AccessDenied, and
  /// Throttled for the rate.
  registry::Task<Result<registry::Certificate>> admit(Caller caller, ClaimUse use);

  /// The answer to an admitted registration whose commit exceeded the limit of devices because
  /// concurrent ones were faster.
  Error used_up(const Caller& caller, const registry::Certificate& claim,
                const std::string& serial_number);

 private:
  registry::Task<Result<registry::Certificate>> admit_once(const Caller& caller,
                                                           const ClaimUse& use, bool notes_place);
  Error freeze(const Caller& caller, const registry::Certificate& claim,
               const std::string& serial_number, const std::string& because);
  Result<void> take_turn(const registry::Certificate& claim, const ClaimUse& use);

  /// Notes the network that the claim is used from; raises an alarm if it is a new one.
  void note_place(const Caller& caller, const registry::Certificate& claim,
                  const ClaimPlaces& known, std::int64_t devices, const std::string& serial_number);

  registry::Store& store_;
  const Current<Settings>& settings_;
  const Clock& clock_;
  ClaimRates rates_;
};

}  // namespace imprint::provisioning
