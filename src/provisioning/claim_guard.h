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

/// Holds claims to their budgets, and freezes those that are used beyond them. Certificates without
/// a budget, such as claims made as on AWS, are held to their policies only. One per process, any
/// thread.
class ClaimGuard {
 public:
  ClaimGuard(registry::Store& store, const Current<Settings>& settings, const Clock& clock)
      : store_(store), settings_(settings), clock_(clock) {}

  /// The caller's certificate as it is now, if it may do this. Causes ClaimRefused, and Throttled
  /// for its rate.
  registry::Task<Result<registry::Certificate>> admit(Caller caller, ClaimUse use);

  /// Freezes the claim: other registrations used it up between the admission of this one and its
  /// commit. The answer to the device.
  Error used_up(const Caller& caller, const registry::Certificate& claim,
                const std::string& serial_number);

 private:
  registry::Task<Result<registry::Certificate>> admit_once(const Caller& caller,
                                                           const ClaimUse& use, bool notes_place);
  Error freeze(const Caller& caller, const registry::Certificate& claim,
               const std::string& serial_number, const std::string& because);
  Result<void> count_for_rate(const registry::Certificate& claim, const ClaimUse& use);

  /// Raises an alarm when the claim is used from a new place.
  void note_place(const Caller& caller, const registry::Certificate& claim,
                  const ClaimPlaces& known, std::int64_t devices, const std::string& serial_number);

  registry::Store& store_;
  const Current<Settings>& settings_;
  const Clock& clock_;
  ClaimRates rates_;
};

}  // namespace imprint::provisioning
