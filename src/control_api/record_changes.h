// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "encoding/json.h"
#include "registry/store.h"

/// What a change set does to its records, member by member, for its audit event. Made from the
/// records as they are stored, so that no operation has to list what it changes.
namespace imprint::control_api {

/// The records of a change set that tell_changes() asks for: those it puts and erases, in order.
/// Bounded: what lies beyond is left out of the telling.
std::vector<registry::Key> told_keys(const registry::ChangeSet& changes);

/// Adds to an event's detail
///   "changes": {"thing d-1": {"attributes.room": {"before": "a", "after": "b"}, ...}, ...}
/// with every member that differs; `before` or `after` is missing where the member was not there.
/// Longer values (documents) are {"bytes": 4211, "sha256": "..."}, secrets "(secret)"; what goes
/// beyond the bounds is counted in "changes_left_out". Times of change and PEMs are not told: the
/// event has its time, the id names the certificate. `before` has the records of told_keys().
void tell_changes(encoding::json::object& detail, const registry::ChangeSet& changes,
                  const std::vector<std::optional<registry::Record>>& before);

}  // namespace imprint::control_api
