// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/file.h"
#include "deployment/config.h"

namespace imprint::tool {

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  imprint claim create /var/lib/imprint --template FleetProvisioningTemplate --out claim "
    "--max-devices 1000\n"
    "\n"
    "Makes a claim certificate: what every device of a fleet carries until it has an identity of "
    "its own. Asks the\n"
    "running server; the certificate may provision with one template and do nothing else.";

constexpr std::size_t kMaxPemBytes = 64 * 1024;

struct Arguments {
  std::string directory;
  std::string template_name;
  std::string out;
  std::string valid_for = "30d";
  std::int64_t max_devices = 0;
  Output output = Output::text;
};

Result<void> write_claim(const deployment::Layout& layout, const std::filesystem::path& folder,
                         const encoding::json::object& claim) {
  std::error_code error;
  if (!std::filesystem::create_directories(folder, error) && error) {
    return fail(Fault::unavailable, "cannot make {}: {}", folder.string(), error.message());
  }
  const auto text = [&](std::string_view member) {
    return std::string(claim.at(member).as_string());
  };
  TRY_ASSIGN(const std::string root, read_file(layout.trusted_root(), kMaxPemBytes));
  TRY(write_file_durably(folder / "claim.key", 0600, text("privateKey")));
  TRY(write_file_durably(folder / "claim.pem", 0644, text("certificatePem")));
  TRY(write_file_durably(folder / "root-ca.pem", 0644, root));
  TRY(write_file_durably(folder / "policy.json", 0644, text("policyDocument") + "\n"));
  return {};
}

/// The address for devices: a server that listens everywhere is reached by its endpoint's name.
std::string reachable(const std::string& listening, const std::vector<std::string>& endpoints) {
  const std::string port = listening.substr(listening.rfind(':'));
  const bool is_everywhere = listening.starts_with("0.0.0.0:") || listening.starts_with("[::]:");
  return is_everywhere && !endpoints.empty() ? endpoints.front() + port : listening;
}

Result<void> create(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const deployment::Config config, deployment::Config::load(layout.config()));
  TRY_ASSIGN(const Seconds valid_for, deployment::parse_duration(arguments.valid_for));
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  const std::filesystem::path folder(arguments.out);
  if (std::filesystem::exists(folder / "claim.key")) {
    return fail(Fault::conflict, "{} holds a claim already; name another folder with --out",
                folder.string());
  }
  encoding::json::object request{{"templateName", arguments.template_name},
                                 {"validForSeconds", valid_for.count()}};
  if (arguments.max_devices > 0) request["maxDevices"] = arguments.max_devices;
  TRY_ASSIGN(const encoding::json::value claim,
             call(layout, server, "POST", "/imprint/v1/claims", request));
  for (const char* member :
       {"certificateId", "certificatePem", "privateKey", "policyName", "policyDocument"}) {
    if (!claim.is_object() || !claim.get_object().contains(member)) {
      return fail(Fault::internal, "the server's answer has no {}", member);
    }
  }
  TRY(write_claim(layout, folder, claim.get_object()));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(
                           encoding::json::object{{"certificateId", claim.at("certificateId")},
                                                  {"policyName", claim.at("policyName")},
                                                  {"folder", folder.string()}}));
    return {};
  }
  fmt::print("Made the claim {}\n\n", std::string(claim.at("certificateId").as_string()));
  fmt::print("  {:<32}  certificate that devices connect with until they have their own\n",
             (folder / "claim.pem").string());
  fmt::print("  {:<32}  its private key (0600)\n", (folder / "claim.key").string());
  fmt::print("  {:<32}  what devices trust\n", (folder / "root-ca.pem").string());
  fmt::print("  {:<32}  what the certificate may do\n", (folder / "policy.json").string());
  fmt::print(
      "\nDevices connect to {} with these files. To try it:\n  imprint fleet {} --template {} "
      "--claim {} --devices 10\n",
      reachable(server.mqtt, config.endpoints), arguments.directory, arguments.template_name,
      arguments.out);
  return {};
}

}  // namespace

void add_claim(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("claim", kHelp);
  noun->require_subcommand(1);
  CLI::App* verb = noun->add_subcommand("create", kHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  verb->add_option("--template", arguments->template_name,
                   "Provisioning template the claim may use")
      ->option_text("NAME")
      ->required();
  verb->add_option("--out", arguments->out, "Folder for certificate, key, root CA and policy")
      ->option_text("FOLDER")
      ->required();
  verb->add_option("--valid-for", arguments->valid_for,
                   "How long it may be used, as 12h or 30d (default 30d)")
      ->option_text("TIME");
  verb->add_option("--max-devices", arguments->max_devices,
                   "How many devices it may register (default: no limit)")
      ->check(CLI::PositiveNumber)
      ->option_text("N");
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] {
    run = [arguments] {
      const auto done = create(*arguments);
      return done ? kDone : report(done.error());
    };
  });
}

}  // namespace imprint::tool
