// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "encoding/json.h"

namespace imprint::tool {

/// A text member as a terminal may show it: what devices said is in it, and nothing of that reaches
/// the terminal as a control character. Empty when it is absent or no text.
std::string shown(const encoding::json::object& object, std::string_view member);

}  // namespace imprint::tool
