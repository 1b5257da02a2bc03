// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "encoding/json.h"

namespace imprint::story {

/// A readable description of a change to its records: `thing d-1: attributes.room "a" -> "b";
/// removed policy p`. `detail` is an event's, with the "changes" of control_api/record_changes.h;
/// empty without them.
std::string changes_in_words(const encoding::json::object& detail);

}  // namespace imprint::story
