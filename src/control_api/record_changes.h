// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "encoding/json.h"
#include "registry/store.h"

/// The differences that a change set makes to its records, member by member, for its audit event.
/// They come from the stored records, so that no operation has to list what it changes.
namespace imprint::control_api {

/// The keys of the records that a change set puts and erases, in order: the records to be read for
/// add_changes(). Bounded: of a larger change set only the first records are compared.
std::vector<registry::Key> audited_keys(const registry::ChangeSet& changes);

/// Adds to an event's detail
///   "changes": {"thing d-1": {"attributes.room": {"before": "a", "after": "b"}, ...}, ...}
/// with every member that differs. `before` or `after` is missing where the record had no such
/// member. Longer values (documents) become {"bytes": 4211, "sha256": "..."} and secrets
/// "(secret)"; what exceeds the bounds is counted in "changes_left_out". Times of change and PEMs
/// are left out: the event has its time, and the id identifies the certificate. `before` are the
/// records of audited_keys().
void add_changes(encoding::json::object& detail, const registry::ChangeSet& changes,
                 const std::vector<std::optional<registry::Record>>& before);

}  // namespace imprint::control_api
