// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "encoding/json.h"

namespace imprint::tool {

/// What moves the cursor, turns text around or hides becomes a space; text that is no UTF-8 is
/// escaped whole.
std::string for_terminal(std::string_view text);

/// A text member as a terminal may show it: what devices said is in it, and nothing of that reaches
/// the terminal as anything but what it looks like. Empty when it is absent or no text.
std::string shown(const encoding::json::object& object, std::string_view member);

}  // namespace imprint::tool
