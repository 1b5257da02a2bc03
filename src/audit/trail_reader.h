// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "audit/verify.h"

namespace imprint::audit {

/// Hands over the events of a trail after `after`, by sequence, until `take` answers false: from
/// the archive what the store has forgotten, from the store the rest, events from before the chain
/// included. Answers the sequence of the last one that was handed over, `after` when there was
/// none. A server may write meanwhile.
Result<std::int64_t> for_each_event(
    const TrailFiles& files, std::int64_t after,
    const std::function<Result<bool>(const registry::AuditEvent&)>& take);

}  // namespace imprint::audit
