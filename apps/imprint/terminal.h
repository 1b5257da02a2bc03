// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "encoding/json.h"

namespace imprint::tool {

/// Replaces by a space every character that moves the cursor, reverses the text direction or is
/// invisible; text that is not UTF-8 is escaped as a whole.
std::string for_terminal(std::string_view text);

/// A text member made safe for a terminal: it contains what devices sent, and none of that may act
/// on the terminal. Empty when it is absent or not text.
std::string shown(const encoding::json::object& object, std::string_view member);

}  // namespace imprint::tool
