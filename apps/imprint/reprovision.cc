// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/deployment_verb.h"
#include "apps/imprint/verbs.h"
#include "deployment/config.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kAllowHelp =
    "Example:\n"
    "  imprint reprovision allow /var/lib/imprint device-A1B2 --valid-for 24h\n"
    "\n"
    "Lets one thing be registered again with another key, once: after a repair, or when a\n"
    "refused unit is the right one. Its current certificate stays in use until the new one\n"
    "first connects.";

constexpr const char* kWithdrawHelp =
    "Example:\n"
    "  imprint reprovision withdraw /var/lib/imprint device-A1B2\n"
    "\n"
    "Withdraws the permission that imprint reprovision allow gave.";

struct Arguments {
  std::string directory;
  std::string thing;
  std::string valid_for = "24h";
  Output output = Output::text;
};

Result<void> ask(const Arguments& arguments, const std::string& method, const json::object& body,
                 const std::string& said) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(const json::value answer, call(layout, server, method,
                                            fmt::format("/imprint/v1/things/{}/reprovisioning",
                                                        encoding::percent_encode(arguments.thing)),
                                            body));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
  } else {
    fmt::print("{}\n", said);
  }
  return {};
}

Result<void> allow(const Arguments& arguments) {
  TRY_ASSIGN(const Seconds valid_for, deployment::parse_duration(arguments.valid_for));
  return ask(arguments, "PUT", {{"validForSeconds", valid_for.count()}},
             fmt::format("{} may be registered once more with another key within {}",
                         arguments.thing, arguments.valid_for));
}

Result<void> withdraw(const Arguments& arguments) {
  return ask(arguments, "DELETE", {},
             fmt::format("{} has no operator's permission to be registered with another key",
                         arguments.thing));
}

CLI::App* add_verb(CLI::App& noun, const char* name, const char* help,
                   const std::shared_ptr<Arguments>& arguments, Run& run,
                   Result<void> (*work)(const Arguments&)) {
  CLI::App* verb = add_deployment_verb(noun, name, help, arguments, run, work);
  verb->add_option("THING", arguments->thing, "Name of the thing")->required();
  return verb;
}

}  // namespace

void add_reprovision(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand(
      "reprovision",
      "Example:\n"
      "  imprint reprovision allow /var/lib/imprint device-A1B2 --valid-for 24h\n"
      "  imprint reprovision withdraw /var/lib/imprint device-A1B2\n"
      "\n"
      "Lets a thing be registered again with another key.");
  noun->require_subcommand(1);
  add_verb(*noun, "allow", kAllowHelp, arguments, run, &allow)
      ->add_option("--valid-for", arguments->valid_for,
                   "How long this is allowed, such as 2h or 7d (default 24h)")
      ->option_text("TIME");
  add_verb(*noun, "withdraw", kWithdrawHelp, arguments, run, &withdraw);
}

}  // namespace imprint::tool
