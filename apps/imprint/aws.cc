// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"

namespace imprint::tool {

namespace {

constexpr const char* kEnvHelp =
    "Example:\n"
    "  eval \"$(imprint env /var/lib/imprint)\"; aws iot list-things\n"
    "\n"
    "Prints shell exports and an alias that point the AWS CLI, boto3 and Terraform to this\n"
    "server.";

constexpr const char* kAwsHelp =
    "Example:\n"
    "  imprint aws /var/lib/imprint -- iot list-things\n"
    "\n"
    "Runs the installed AWS CLI with this server's endpoint, CA, credentials and region.";

struct EnvArguments {
  std::string directory;
  Output output = Output::text;
};

std::string shell_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

int print_env(const EnvArguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  const auto server = find_server(layout);
  if (!server) return report(server.error());
  const auto variables = aws_environment(layout, *server);
  if (arguments.output == Output::json) {
    encoding::json::object object;
    for (const auto& [name, value] : variables) object[name] = value;
    fmt::print("{}\n", encoding::to_json(object));
    return kDone;
  }
  for (const auto& [name, value] : variables)
    fmt::print("export {}={}\n", name, shell_quoted(value));
  // Clients from before 2023, among them Debian 12's AWS CLI, do not read AWS_ENDPOINT_URL.
  fmt::print("alias aws=\"aws --endpoint-url $AWS_ENDPOINT_URL\"\n");
  return kDone;
}

struct AwsArguments {
  std::string directory;
  std::vector<std::string> words;
};

int run_aws(const AwsArguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  const auto server = find_server(layout);
  if (!server) return report(server.error());
  for (const auto& [name, value] : aws_environment(layout, *server))
    ::setenv(name.c_str(), value.c_str(), 1);
  // A session token of another account would be sent along with our key.
  for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
    ::unsetenv(name);
  std::vector<std::string> words = {"aws", "--endpoint-url", server->http};
  words.insert(words.end(), arguments.words.begin(), arguments.words.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp("aws", argv.data());
  return report({Fault::unavailable,
                 fmt::format("cannot run the AWS CLI: {}; install it (Debian: apt install awscli)",
                             std::strerror(errno))});
}

}  // namespace

void add_env(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<EnvArguments>();
  CLI::App* verb = app.add_subcommand("env", kEnvHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] { run = [arguments] { return print_env(*arguments); }; });
}

void add_aws(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<AwsArguments>();
  CLI::App* verb = app.add_subcommand("aws", kAwsHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  verb->add_option("ARGUMENTS", arguments->words, "After --: the arguments of the AWS CLI")
      ->required();
  verb->callback([arguments, &run] { run = [arguments] { return run_aws(*arguments); }; });
}

}  // namespace imprint::tool
