// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "deployment/config_values.h"
#include "hooks/options.h"

namespace imprint::deployment {

/// The [[hook]] tables of imprint.toml, in their order. Errors as Config::parse() gives them.
Result<std::vector<hooks::HookOptions>> read_hooks(const ConfigFile& file, const toml::node& node);

/// A commented table with every key, for the default configuration.
std::string default_hooks_text();

}  // namespace imprint::deployment
