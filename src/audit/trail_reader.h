// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "audit/verify.h"

namespace imprint::audit {

/// Passes the events of a trail after `after` to `take`, in order of their sequence, until it
/// returns false. Events that the store has deleted come from the archive, all others, including
/// those older than the chain, from the store. Returns the sequence of the last event passed, or
/// `after` if there was none. A server may be running.
Result<std::int64_t> for_each_event(
    const TrailFiles& files, std::int64_t after,
    const std::function<Result<bool>(const registry::AuditEvent&)>& take);

}  // namespace imprint::audit
