// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/store.h"
#include "story/judgement.h"

namespace imprint::story {

/// The registry's current facts about the certificate of the decisive event or, while that waits
/// for RegisterThing, about its claim if the claim is frozen. `event` may be null. The caller fills
/// in the alarms and the time.
runtime::Task<Result<DeviceFacts>> facts_about(registry::Store& store, const trail::Event* event);

/// The sentence " Did you mean the template Sensors?" if the event names a template that does not
/// exist and a similar one does; empty otherwise. For operators only. `event` may be null.
runtime::Task<Result<std::string>> did_you_mean(registry::Store& store, const trail::Event* event);

}  // namespace imprint::story
