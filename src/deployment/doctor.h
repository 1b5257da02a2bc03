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

/// One check and its result.
struct Check {
  std::string name;  ///< "server certificate"
  Health health = Health::ok;
  std::string found;        ///< what was found
  std::string remedy = {};  ///< what to do; empty when ok
};

/// Checks a deployment without changing it: files and modes, keys against certificates, chain,
/// expiry, server names, configuration, credentials, clock, disk, ports, store. Never fails as a
/// whole: a file that cannot be read is a failed check. `server_files` is the number of files that
/// the running server says it may open; without it, the limit of a server started from here is
/// used.
std::vector<Check> examine(const std::filesystem::path& directory, const Clock& clock,
                           std::optional<std::uint64_t> server_files = std::nullopt);

/// The worst health of all checks.
Health worst(const std::vector<Check>& checks);

}  // namespace imprint::deployment
