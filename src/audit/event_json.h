// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "encoding/json.h"
#include "registry/records.h"

namespace imprint::audit {

/// An event for programs, with the member names of the REST API: sequence, time (seconds since
/// 1970), step, outcome and, if known, correlationId, actor, thingName, certificateId, clientId,
/// serialNumber, detail (an object) and hash.
encoding::json::object event_json(const registry::AuditEvent& event);

}  // namespace imprint::audit
