// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include "base/clock.h"
#include "registry/store.h"

namespace imprint::provisioning {

struct CleanedUp {
  std::size_t certificates = 0;
  std::size_t intents = 0;
  std::int64_t events = 0;
};

/// For `archived` without an archive: any event may be deleted.
inline constexpr std::int64_t kEverything = std::numeric_limits<std::int64_t>::max();

/// Deletes certificates whose ownership token expired before RegisterThing (as on AWS, unless they
/// were attached to a policy or thing), expired claims of CreateProvisioningClaim, and intents
/// whose certificate was never stored (the audit trail records them). Also deletes all audit events
/// but the newest `audit_events`, and none after `archived`. Call it from time to time; a
/// concurrent RegisterThing wins.
registry::Task<Result<CleanedUp>> clean_up(registry::Store& store, const Clock& clock,
                                           std::int64_t audit_events,
                                           std::int64_t archived = kEverything);

}  // namespace imprint::provisioning
