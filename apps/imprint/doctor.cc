// SPDX-License-Identifier: Apache-2.0
#include "deployment/doctor.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/live_checks.h"
#include "apps/imprint/verbs.h"
#include "audit/continuity.h"
#include "base/clock.h"
#include "deployment/config.h"
#include "deployment/layout.h"
#include "deployment/store_state.h"
#include "encoding/json.h"
#include "monitoring/channel.h"

namespace imprint::tool {

namespace {

using deployment::Check;
using deployment::Health;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint doctor /var/lib/imprint\n"
    "\n"
    "Checks a deployment without changing it: files and their modes, keys, chain, expiry\n"
    "dates, names, configuration, clock, disk, ports and store, which it reads through (some\n"
    "seconds per gigabyte); how many files a server may open (the running one, or one that is\n"
    "started from the same shell); and whether a running server answers, is ready, and has\n"
    "raised alarms. Says what to do about each finding.\n"
    "Exit code 1 when a check fails; warnings alone give 0.";

struct Arguments {
  std::string directory;
  Output output = Output::text;
};

void print_text(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    fmt::print("{:<4}  {:<20}  {}\n", to_string(check.health), check.name, check.found);
    if (!check.remedy.empty()) fmt::print("{:28}-> {}\n", "", check.remedy);
  }
  const auto count = [&](Health health) {
    return std::ranges::count(checks, health, &Check::health);
  };
  fmt::print("\n{} checks: {} ok, {} warnings, {} failed\n", checks.size(), count(Health::ok),
             count(Health::warn), count(Health::fail));
}

void print_json(const std::vector<Check>& checks) {
  encoding::json::array list;
  for (const Check& check : checks) {
    encoding::json::object one;
    one["name"] = check.name;
    one["health"] = to_string(check.health);
    one["found"] = check.found;
    if (!check.remedy.empty()) one["remedy"] = check.remedy;
    list.emplace_back(std::move(one));
  }
  encoding::json::object out;
  out["health"] = to_string(worst(checks));
  out["checks"] = std::move(list);
  fmt::print("{}\n", encoding::to_json(out));
}

/// Whether the store belongs to the trail that the audit archive holds.
std::vector<Check> check_continuity(const deployment::Layout& layout) {
  const auto continues = audit::check_continuity({layout.store(), layout.audit()});
  if (continues)
    return {{"audit trail", Health::ok, "the store contains the last event of the archive"}};
  if (continues.error().fault == Fault::unavailable) {
    return {
        {"audit trail", Health::fail, continues.error().message,
         "fix what keeps the store and the archive from being read, and run imprint doctor again"}};
  }
  return {{"audit trail", Health::fail, continues.error().message,
           "bring the store back, or make another directory from a backup: imprint restore FILE "
           "DIR"}};
}

/// Secrets and CA files of [alarms], as imprintd reads them when it starts.
std::vector<Check> check_alarm_channels(const deployment::Layout& layout) {
  const auto config = deployment::Config::load(layout.config());
  if (!config || !config->alarms.enabled) return {};
  const SystemClock clock;
  telemetry::Log log(telemetry::LogFormat::text, telemetry::Level::error, clock);
  const auto channels = monitoring::make_channels(
      config->alarms, {.directory = layout.directory(),
                       .sender = {},
                       .clock = clock,
                       .log = log,
                       .publish = [](const std::string&, const std::string&) {}});
  if (channels) return {{"alarm channels", Health::ok, fmt::format("{}", channels->size())}};
  return {{"alarm channels", Health::fail, describe(channels.error()),
           "fix what the message names; imprintd does not start until that is done"}};
}

int run_doctor(const Arguments& arguments) {
  auto checks =
      deployment::examine(arguments.directory, SystemClock(), files_of_server(arguments.directory));
  const deployment::Layout layout(arguments.directory);
  if (deployment::store_state(layout) == deployment::StoreState::present)
    std::ranges::move(check_continuity(layout), std::back_inserter(checks));
  std::ranges::move(check_alarm_channels(layout), std::back_inserter(checks));
  std::ranges::move(examine_server(arguments.directory), std::back_inserter(checks));
  if (arguments.output == Output::json) {
    print_json(checks);
  } else {
    print_text(checks);
  }
  return worst(checks) == Health::fail ? kFailed : kDone;
}

}  // namespace

void add_doctor(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("doctor", kHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")->required();
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] { run = [arguments] { return run_doctor(*arguments); }; });
}

}  // namespace imprint::tool
