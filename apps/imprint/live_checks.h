// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "deployment/doctor.h"

namespace imprint::tool {

/// Checks a running server: whether it answers and is ready, and which alarms it has raised. Empty
/// when no server runs on that directory.
std::vector<deployment::Check> examine_server(const std::filesystem::path& directory);

/// How many files the server may open, according to its metrics; nullopt when no server runs or it
/// does not say.
std::optional<std::uint64_t> files_of_server(const std::filesystem::path& directory);

}  // namespace imprint::tool
