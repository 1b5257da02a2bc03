// SPDX-License-Identifier: Apache-2.0
#include "templates/template.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/file.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint template lint fleet-provisioning-template.json\n"
    "  imprint template lint fleet-provisioning-template.json --data /var/lib/imprint\n"
    "\n"
    "Says everything that is wrong with a provisioning template, each finding with its place and "
    "how to mend it.";

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

struct Arguments {
  std::string directory;
  std::string file;
  std::string type = "fleet";
  Output output = Output::text;
};

bool is_error(const json::value& problem) {
  return text_of(problem.as_object(), "severity") == "error";
}

json::array lint_here(const std::string& body, const std::string& type) {
  json::array out;
  const auto use = type == "jitp" ? templates::Use::jitp : templates::Use::fleet;
  for (const templates::Problem& problem : templates::Template::lint(body, use)) {
    const bool error = problem.severity == templates::Severity::error;
    out.emplace_back(json::object{{"severity", error ? "error" : "warning"},
                                  {"path", problem.path},
                                  {"message", problem.message},
                                  {"remedy", problem.remedy}});
  }
  return out;
}

/// The same, and what the registry does not have.
Result<json::array> lint_there(const std::string& directory, const std::string& body,
                               const std::string& type) {
  const deployment::Layout layout(directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  const json::object request{{"templateBody", body},
                             {"type", type == "jitp" ? "JITP" : "FLEET_PROVISIONING"}};
  TRY_ASSIGN(json::value answer,
             call(layout, server, "POST", "/imprint/v1/templates/lint", request));
  auto* problems = answer.is_object() ? answer.get_object().if_contains("problems") : nullptr;
  if (problems == nullptr || !problems->is_array())
    return fail(Fault::internal, "the server's answer has no problems");
  return std::move(problems->get_array());
}

/// Gives the exit code: findings are no failure of the tool, but a script must see them.
Result<int> lint(const Arguments& arguments) {
  TRY_ASSIGN(const std::string body, read_file(arguments.file, kMaxFileBytes));
  json::array problems;
  if (arguments.directory.empty()) {
    problems = lint_here(body, arguments.type);
  } else {
    TRY_ASSIGN(problems, lint_there(arguments.directory, body, arguments.type));
  }
  const auto errors = std::ranges::count_if(problems, is_error);
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"errors", errors}, {"problems", problems}}));
    return errors == 0 ? kDone : kFailed;
  }
  for (const json::value& problem : problems) {
    const json::object& one = problem.as_object();
    fmt::print("{}: {} {}: {}; {}\n", arguments.file, text_of(one, "severity"),
               text_of(one, "path"), text_of(one, "message"), text_of(one, "remedy"));
  }
  const std::size_t warnings = problems.size() - static_cast<std::size_t>(errors);
  fmt::print("{}: {} error{}, {} warning{}\n", arguments.file, errors, errors == 1 ? "" : "s",
             warnings, warnings == 1 ? "" : "s");
  return errors == 0 ? kDone : kFailed;
}

}  // namespace

void add_template(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("template", kHelp);
  noun->require_subcommand(1);
  CLI::App* verb = noun->add_subcommand("lint", kHelp);
  verb->add_option("FILE", arguments->file, "The template's body, JSON")->required();
  verb->add_option("--type", arguments->type, "What it is for (default fleet)")
      ->check(CLI::IsMember({"fleet", "jitp"}))
      ->option_text("fleet|jitp");
  verb->add_option("--data", arguments->directory,
                   "Deployment directory: its running server also says what it does not have")
      ->envname("IMPRINT_DATA")
      ->option_text("DIR");
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] {
    run = [arguments] {
      const auto code = lint(*arguments);
      return code ? *code : report(code.error());
    };
  });
}

}  // namespace imprint::tool
