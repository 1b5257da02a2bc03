// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "apps/imprint/verbs.h"

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  imprint init /var/lib/imprint --endpoint iot.example.com\n"
    "  imprintd /var/lib/imprint\n"
    "\n"
    "Operates an Imprint deployment: a device provisioning server that speaks the AWS IoT API.\n"
    "Exit codes: 0 done, 1 failed, 2 bad usage or configuration.";

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
    fmt::print(stderr, "imprint: {}; see imprint --help\n", error.what());
    return imprint::tool::kBadUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "imprint: {}\n", error.what());
    return imprint::tool::kFailed;
  }
}
