// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "deployment/config.h"
#include "deployment/layout.h"
#include "server/store_guard.h"
#include "telemetry/log.h"

namespace imprint::imprintd {

/// The result of the command line and imprint.toml; flags override the file.
struct Options {
  deployment::Layout layout;
  deployment::Config config;
  telemetry::LogFormat log_format = telemetry::LogFormat::text;
  telemetry::Level log_level = telemetry::Level::info;
  server::Beginning beginning = server::Beginning::where_it_ended;
  bool only_help = false;
};

/// Errors (Fault::invalid) name file, key and value or the flag, and the remedy.
Result<Options> read_options(int argc, const char* const* argv);

}  // namespace imprint::imprintd
