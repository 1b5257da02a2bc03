// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/store.h"
#include "story/judgement.h"

namespace imprint::story {

/// What the registry knows, as it is now, of the certificate of the event that decided; or, while
/// that waits for RegisterThing, of the claim that has to be there for it and is frozen. `event`
/// may be null. Alarms and the time are the caller's.
runtime::Task<Result<DeviceFacts>> facts_about(registry::Store& store, const trail::Event* event);

/// " Did you mean the template Sensors?", where the event asked for one that is nearly that: for
/// operators, since a device is not told what there is. `event` may be null.
runtime::Task<Result<std::string>> did_you_mean(registry::Store& store, const trail::Event* event);

}  // namespace imprint::story
