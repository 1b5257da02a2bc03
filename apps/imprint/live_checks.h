// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "deployment/doctor.h"

namespace imprint::tool {

/// What a running server says of itself: whether it answers and is ready, and what it has raised an
/// alarm about. Nothing when no server runs on that directory.
std::vector<deployment::Check> examine_server(const std::filesystem::path& directory);

/// How many files it may open, as its metrics say; nothing when none runs or it does not say.
std::optional<std::uint64_t> files_of_server(const std::filesystem::path& directory);

}  // namespace imprint::tool
