// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace imprint::deployment {

enum class Health { ok, warn, fail };
std::string_view to_string(Health health);

/// One thing that was looked at.
struct Check {
  std::string name;  ///< "server certificate"
  Health health = Health::ok;
  std::string found;        ///< what is there
  std::string remedy = {};  ///< what to do; empty when ok
};

/// Looks at a deployment without changing it: files and modes, keys against certificates, chain,
/// expiry, server names, configuration, credentials, clock, disk, ports, store. Never fails as a
/// whole: what cannot be read is a failed check. `server_files`: how many files the running server
/// says that it may open; without one it is what a server would get that is started from here.
std::vector<Check> examine(const std::filesystem::path& directory, const Clock& clock,
                           std::optional<std::uint64_t> server_files = std::nullopt);

/// The worst health of all checks.
Health worst(const std::vector<Check>& checks);

}  // namespace imprint::deployment
