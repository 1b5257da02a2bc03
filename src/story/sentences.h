// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "trail/event.h"

/// Describes events of the audit trail in sentences; pure.
namespace imprint::story {

/// One event as a sentence, with what decided it: `register_thing` rejected is "RegisterThing
/// rejected with 400 InvalidParameters: SerialNumber is missing".
std::string sentence_of(const trail::Event& event);

}  // namespace imprint::story
