// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "deployment/doctor.h"

namespace imprint::tool {

/// What a running server says of itself: whether it answers and is ready, and what it has raised an
/// alarm about. Nothing when no server runs on that directory.
std::vector<deployment::Check> examine_server(const std::filesystem::path& directory);

}  // namespace imprint::tool
