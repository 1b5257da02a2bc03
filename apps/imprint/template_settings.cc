// SPDX-License-Identifier: Apache-2.0
// The settings of a template that AWS has no field for: shows and sets them.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/deployment_verb.h"
#include "apps/imprint/verbs.h"
#include "base/name.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kSetHelp =
    "Example:\n"
    "  imprint template set /var/lib/imprint Sensors reprovision=replace fleet-limit=5000\n"
    "  imprint template set /var/lib/imprint Sensors allowlist=line-a "
    "override.Region=column:region\n"
    "  imprint template set /var/lib/imprint Sensors fleet-limit=\n"
    "\n"
    "Changes settings of a template; an empty value removes the template's own setting, and\n"
    "the one of imprint.toml applies again. docs/gatekeeper.md lists the keys. Changes apply\n"
    "from the next device on.";

constexpr const char* kShowHelp =
    "Example:\n"
    "  imprint template show /var/lib/imprint Sensors\n"
    "\n"
    "Shows a template: its versions, and its settings with the source of each.";

struct Arguments {
  std::string directory;
  std::string name;
  std::vector<std::string> settings;
  Output output = Output::text;
};

Result<json::object> ask(const Arguments& arguments, const std::string& method,
                         const std::string& path, const json::object& body = {}) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::value answer, call(layout, server, method, path, body));
  if (!answer.is_object()) return fail(Fault::internal, "the server's answer is not an object");
  return std::move(answer.get_object());
}

std::string settings_path(const Arguments& arguments) {
  return fmt::format("/imprint/v1/templates/{}/settings", encoding::percent_encode(arguments.name));
}

void print_settings(const json::object& answer) {
  const auto* all = answer.if_contains("inForce");
  if (all == nullptr || !all->is_array()) return;
  for (const json::value& one : all->get_array()) {
    const json::object& setting = one.as_object();
    fmt::print("  {} = {}  ({})\n", text_of(setting, "key"), text_of(setting, "value"),
               text_of(setting, "from") == "template" ? "template" : "imprint.toml");
  }
}

Result<int> set(const Arguments& arguments) {
  json::object settings;
  for (const std::string& setting : arguments.settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Fault::invalid, "{}: write KEY=VALUE", quote(setting));
    settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  TRY_ASSIGN(const json::object answer,
             ask(arguments, "PUT", settings_path(arguments), {{"settings", std::move(settings)}}));
  if (arguments.output == Output::json)
    fmt::print("{}\n", encoding::to_json(answer));
  else
    print_settings(answer);
  return kDone;
}

/// "1, 2 (default)": the versions in their order.
std::string versions_in_words(const json::object& answer) {
  std::vector<std::string> out;
  const auto* versions = answer.if_contains("versions");
  if (versions == nullptr || !versions->is_array()) return "";
  for (const json::value& version : versions->get_array()) {
    const auto* number = version.as_object().if_contains("versionId");
    const auto* is_default = version.as_object().if_contains("isDefaultVersion");
    if (number == nullptr) continue;
    const bool marked = is_default != nullptr && *is_default == json::value(true);
    out.push_back(encoding::to_json(*number) + (marked ? " (default)" : ""));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

Result<int> show(const Arguments& arguments) {
  const std::string path = "/provisioning-templates/" + encoding::percent_encode(arguments.name);
  TRY_ASSIGN(json::object record, ask(arguments, "GET", path));
  TRY_ASSIGN(const json::object versions, ask(arguments, "GET", path + "/versions"));
  TRY_ASSIGN(const json::object settings, ask(arguments, "GET", settings_path(arguments)));
  if (arguments.output == Output::json) {
    for (const char* member : {"settings", "inForce"}) {
      if (settings.contains(member)) record[member] = settings.at(member);
    }
    if (versions.contains("versions")) record["versions"] = versions.at("versions");
    fmt::print("{}\n", encoding::to_json(record));
    return kDone;
  }
  const auto* enabled = record.if_contains("enabled");
  fmt::print("{}: {}, {}\n", text_of(record, "templateName"), text_of(record, "type"),
             enabled != nullptr && *enabled == json::value(true) ? "enabled" : "disabled");
  if (!text_of(record, "description").empty()) fmt::print("{}\n", text_of(record, "description"));
  fmt::print("Versions: {}\nSettings:\n", versions_in_words(versions));
  print_settings(settings);
  return kDone;
}

}  // namespace

void add_template_settings(CLI::App& noun, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  const auto verb = [&](const char* name, const char* help, Result<int> (*work)(const Arguments&)) {
    CLI::App* of = add_deployment_verb(noun, name, help, arguments, run, work);
    of->add_option("NAME", arguments->name, "The template")->required();
    return of;
  };
  verb("set", kSetHelp, &set)
      ->add_option("KEY=VALUE", arguments->settings, "What to set; may be repeated")
      ->required();
  verb("show", kShowHelp, &show);
}

}  // namespace imprint::tool
