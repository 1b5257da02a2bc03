// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"

namespace imprint::registry {

/// Copies a store as it is at one moment, while a server reads and writes it. `to` must not exist;
/// it is made with mode 0600 and holds everything, without a log file beside it.
Result<void> copy_store(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace imprint::registry
