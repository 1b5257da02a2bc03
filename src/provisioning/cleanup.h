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

/// `archived` where events need not be archived before they are deleted.
inline constexpr std::int64_t kEverything = std::numeric_limits<std::int64_t>::max();

/// Removes what has expired unused: certificates whose ownership ended before RegisterThing (AWS
/// IoT: deleted when the token expires, unless attached to a policy or thing meanwhile), claims of
/// CreateProvisioningClaim that have expired, and intents whose certificate was never stored
/// (the audit trail records them); and the oldest audit events beyond the newest
/// `audit_events`, but none after `archived`. Leaves a certificate that RegisterThing is changing.
registry::Task<Result<CleanedUp>> clean_up(registry::Store& store, const Clock& clock,
                                           std::int64_t audit_events,
                                           std::int64_t archived = kEverything);

}  // namespace imprint::provisioning
