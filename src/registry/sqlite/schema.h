// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace imprint::registry {

/// The schema's numbered steps, oldest first; PRAGMA user_version counts those applied. Forward
/// only.
const std::vector<std::string_view>& migrations();

/// Fault::conflict if a newer program wrote the schema.
Result<void> check_schema(std::int64_t applied);

}  // namespace imprint::registry
