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

/// Holds claims to their budgets, and freezes one that was used beyond it. Certificates without a
/// budget, such as claims made the AWS way, are held to their policies only. One per process, any
/// thread.
class ClaimGuard {
 public:
  ClaimGuard(registry::Store& store, const Current<Settings>& settings, const Clock& clock)
      : store_(store), settings_(settings), clock_(clock) {}

  /// The asking certificate as it is now, when it may do this. Codes AccessDenied, and Throttled
  /// for its rate.
  registry::Task<Result<registry::Certificate>> admit(Caller caller, ClaimUse use);

  /// A registration met the limit of devices at its commit, after it had been admitted: the others
  /// were faster. What its device is told.
  Error used_up(const Caller& caller, const registry::Certificate& claim,
                const std::string& serial_number);

 private:
  registry::Task<Result<registry::Certificate>> admit_once(const Caller& caller,
                                                           const ClaimUse& use, bool notes_place);
  Error freeze(const Caller& caller, const registry::Certificate& claim,
               const std::string& serial_number, const std::string& because);
  Result<void> take_turn(const registry::Certificate& claim, const ClaimUse& use);

  /// Raises an alarm when the claim is used from where it never was.
  void note_place(const Caller& caller, const registry::Certificate& claim,
                  const ClaimPlaces& known, std::int64_t devices, const std::string& serial_number);

  registry::Store& store_;
  const Current<Settings>& settings_;
  const Clock& clock_;
  ClaimRates rates_;
};

}  // namespace imprint::provisioning
