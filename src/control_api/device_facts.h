// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/standing.h"
#include "control_api/store_access.h"

namespace imprint::control_api {

/// What the registry knows, as it is now, of the certificate of the event that decided; or, while
/// that waits for RegisterThing, of the claim that has to be there for it and is frozen. `event`
/// may be null. Alarms and the time are the caller's.
runtime::Task<Result<DeviceFacts>> facts_about(registry::Store& store,
                                               const registry::AuditEvent* event);

/// " Did you mean the template Sensors?", where the event asked for one that is nearly that: for
/// operators, since a device is not told what there is. `event` may be null.
runtime::Task<Result<std::string>> did_you_mean(registry::Store& store,
                                                const registry::AuditEvent* event);

}  // namespace imprint::control_api
