// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "deployment/config_values.h"
#include "hooks/options.h"

namespace imprint::deployment {

/// Reads the [[hook]] tables of imprint.toml, in their order. Errors are in the form of
/// Config::parse().
Result<std::vector<hooks::HookOptions>> read_hooks(const ConfigFile& file, const toml::node& node);

/// One commented [[hook]] table with every key, for the default configuration.
std::string default_hooks_text();

}  // namespace imprint::deployment
