// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "alarms/options.h"
#include "deployment/config_values.h"

namespace imprint::deployment {

/// Reads the table [alarms] of imprint.toml and those below it. Errors are in the form of
/// Config::parse().
Result<alarms::Options> read_alarms(const ConfigFile& file, const toml::node& node);

/// The same tables as comments, with every key and its default.
std::string default_alarms_text();

}  // namespace imprint::deployment
