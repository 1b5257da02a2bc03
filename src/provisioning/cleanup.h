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

/// Nothing that is forgotten has to be archived before.
inline constexpr std::int64_t kEverything = std::numeric_limits<std::int64_t>::max();

/// Removes what nobody came back for: certificates whose ownership ended before RegisterThing (AWS
/// IoT: deleted when the token expires, unless attached to a policy or thing meanwhile), claims of
/// CreateProvisioningClaim that have expired, and intents of certificates that never arrived (they
/// are put on record in the audit trail); and the oldest audit events beyond the newest
/// `audit_events`, though none after `archived`. Run now and then; one that meets a RegisterThing
/// gives way.
registry::Task<Result<CleanedUp>> clean_up(registry::Store& store, const Clock& clock,
                                           std::int64_t audit_events,
                                           std::int64_t archived = kEverything);

}  // namespace imprint::provisioning
