// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/deployment_verb.h"
#include "apps/imprint/terminal.h"
#include "apps/imprint/verbs.h"
#include "base/name.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint alarm list /var/lib/imprint\n"
    "  imprint alarm test /var/lib/imprint\n"
    "\n"
    "Shows the alarms that the server has raised, and tests the channels that notify people.";

constexpr const char* kListHelp =
    "Example:\n"
    "  imprint alarm list /var/lib/imprint --all\n"
    "\n"
    "Lists the alarms that are raised, newest first: since when, why, and what to look at next.";

constexpr const char* kTestHelp =
    "Example:\n"
    "  imprint alarm test /var/lib/imprint\n"
    "\n"
    "Sends a test message through every channel of [alarms] and reports the result of each.\n"
    "Exit code 1 when one failed.";

struct Arguments {
  std::string directory;
  bool all = false;
  Output output = Output::text;
};

Result<json::object> ask(const Arguments& arguments, const std::string& method,
                         const std::string& path) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::value answer, call(layout, server, method, "/imprint/v1/alarms" + path));
  if (!answer.is_object()) return fail(Fault::internal, "the server's answer is not an object");
  return std::move(answer.get_object());
}

Result<json::array> list_in(const json::object& answer, std::string_view member) {
  const auto* list = answer.if_contains(member);
  if (list == nullptr || !list->is_array())
    return fail(Fault::internal, "the server's answer has no {}", member);
  return list->get_array();
}

std::string time_in(const json::object& alarm, std::string_view member) {
  const auto* value = alarm.if_contains(member);
  if (value == nullptr || !value->is_number()) return "-";
  return fmt::format("{:%Y-%m-%d %H:%M:%S}",
                     fmt::gmtime(static_cast<std::time_t>(value->to_number<double>())));
}

/// The commands, with DIR replaced by this deployment, ready to type.
std::vector<std::string> commands_in(const json::object& alarm, const std::string& directory) {
  std::vector<std::string> out;
  const auto* commands = alarm.if_contains("commands");
  if (commands == nullptr || !commands->is_array()) return out;
  for (const json::value& one : commands->get_array()) {
    if (!one.is_string()) continue;
    std::string text = for_terminal(one.get_string());
    constexpr std::string_view kPlaceholder = " DIR";
    if (const auto at = text.find(kPlaceholder); at != std::string::npos)
      text.replace(at + 1, kPlaceholder.size() - 1, directory);
    out.push_back(std::move(text));
  }
  return out;
}

void print_alarm(const json::object& alarm, const std::string& directory) {
  fmt::print("{}  {} UTC  {}  {}", shown(alarm, "state"), time_in(alarm, "since"),
             shown(alarm, "severity"), shown(alarm, "alarm"));
  if (const std::string subject = shown(alarm, "subject"); !subject.empty())
    fmt::print("  {} {}", shown(alarm, "subjectKind"), subject);
  fmt::print("\n  {}\n", shown(alarm, "because"));
  if (shown(alarm, "state") == "resolved") {
    fmt::print("  resolved {} UTC: {}\n", time_in(alarm, "resolvedAt"),
               shown(alarm, "resolvedBecause"));
  } else {
    fmt::print("  next: {}\n", shown(alarm, "next"));
    for (const std::string& command : commands_in(alarm, directory))
      fmt::print("        {}\n", command);
  }
}

Result<int> list(const Arguments& arguments) {
  TRY_ASSIGN(const json::object answer, ask(arguments, "GET", arguments.all ? "?state=all" : ""));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
    return kDone;
  }
  TRY_ASSIGN(const json::array alarms, list_in(answer, "alarms"));
  if (alarms.empty()) fmt::print("No alarm{}\n", arguments.all ? "" : " is raised");
  for (const json::value& alarm : alarms) {
    if (alarm.is_object()) print_alarm(alarm.get_object(), arguments.directory);
  }
  return kDone;
}

Result<int> test(const Arguments& arguments) {
  TRY_ASSIGN(const json::object answer, ask(arguments, "POST", "/test"));
  TRY_ASSIGN(const json::array channels, list_in(answer, "channels"));
  bool all_delivered = true;
  for (const json::value& channel : channels) {
    if (!channel.is_object()) continue;
    const auto* delivered = channel.get_object().if_contains("delivered");
    const bool is_delivered = delivered != nullptr && delivered->is_bool() && delivered->get_bool();
    all_delivered = all_delivered && is_delivered;
    if (arguments.output == Output::text) {
      fmt::print("{:<10}{}\n", shown(channel.get_object(), "channel"),
                 is_delivered ? "delivered" : "FAILED: " + shown(channel.get_object(), "problem"));
    }
  }
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
  } else if (channels.empty()) {
    fmt::print("No channel is configured; see [alarms] in imprint.toml\n");
  }
  return all_delivered ? kDone : kFailed;
}

}  // namespace

void add_alarm(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("alarm", kHelp);
  noun->require_subcommand(1);
  add_deployment_verb(*noun, "list", kListHelp, arguments, run, &list)
      ->add_flag("--all", arguments->all, "Also list resolved alarms");
  add_deployment_verb(*noun, "test", kTestHelp, arguments, run, &test);
}

}  // namespace imprint::tool
