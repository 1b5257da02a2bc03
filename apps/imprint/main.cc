// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

#include "apps/imprint/verbs.h"
#include "base/name.h"
#include "base/nearest.h"

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  imprint init /var/lib/imprint --endpoint iot.example.com\n"
    "  imprintd /var/lib/imprint\n"
    "\n"
    "Operates an Imprint deployment: a device provisioning server that speaks the AWS IoT\n"
    "API.\n"
    "Exit codes: 0 done, 1 failed, 2 bad usage or configuration (also when a path named there\n"
    "does not exist or is not a file).";

/// The message about the first word that should be a command and is not; it suggests the command
/// that was probably meant.
std::optional<std::string> unknown_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  std::string path = "imprint";
  for (int i = 1; i < argc && !std::string_view(argv[i]).starts_with('-'); ++i) {
    const auto all = at->get_subcommands([](const CLI::App*) { return true; });
    if (all.empty()) return std::nullopt;
    const auto next = std::ranges::find(all, std::string(argv[i]), &CLI::App::get_name);
    if (next == all.end()) {
      std::vector<std::string> names;
      for (const CLI::App* one : all) names.push_back(one->get_name());
      const auto meant = imprint::nearest(argv[i], names);
      return fmt::format("{} is not a command of {}{}; see {} --help", imprint::quote(argv[i]),
                         path, meant ? fmt::format("; did you mean {}?", *meant) : "", path);
    }
    at = *next;
    path += " " + at->get_name();
  }
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kHelp, "imprint");
  app.require_subcommand(1);
  app.formatter(imprint::tool::help_formatter());
  imprint::tool::Run run;
  imprint::tool::add_init(app, run);
  imprint::tool::add_doctor(app, run);
  imprint::tool::add_claim(app, run);
  imprint::tool::add_ca(app, run);
  imprint::tool::add_reprovision(app, run);
  imprint::tool::add_revocation(app, run);
  imprint::tool::add_env(app, run);
  imprint::tool::add_aws(app, run);
  imprint::tool::add_fleet(app, run);
  imprint::tool::add_credentials(app, run);
  imprint::tool::add_explain(app, run);
  imprint::tool::add_top(app, run);
  imprint::tool::add_template(app, run);
  imprint::tool::add_list(app, run);
  imprint::tool::add_audit(app, run);
  imprint::tool::add_alarm(app, run);
  imprint::tool::add_backup(app, run);
  imprint::tool::add_restore(app, run);
  imprint::tool::add_export(app, run);
  imprint::tool::add_import(app, run);
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::Success& request) {  // --help
    return app.exit(request);
  } catch (const CLI::ParseError& error) {
    const auto unknown = unknown_command(app, argc, argv);
    fmt::print(stderr, "imprint: {}\n",
               unknown ? *unknown : fmt::format("{}; see imprint --help", error.what()));
    return imprint::tool::kBadUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "imprint: {}\n", error.what());
    return imprint::tool::kFailed;
  }
}
