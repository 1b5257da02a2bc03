// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/claim_options.h"
#include "apps/imprint/deployment_verb.h"
#include "apps/imprint/verbs.h"
#include "base/file.h"
#include "deployment/config.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint claim create /var/lib/imprint --template T --out claim --max-devices 1000\n"
    "  imprint claim list /var/lib/imprint\n"
    "  imprint claim thaw /var/lib/imprint 5f2c...\n"
    "\n"
    "Makes and manages claims: a claim is the certificate that every device of a fleet\n"
    "carries until it has an identity of its own. A claim that is used beyond its budget is\n"
    "frozen. Asks the running server.";

constexpr const char* kCreateHelp =
    "Example:\n"
    "  imprint claim create /var/lib/imprint --template FleetProvisioningTemplate --out claim "
    "--max-devices 1000\n"
    "  imprint claim create /var/lib/imprint --template T --out batch7 --serials A-0701..A-0800 "
    "--network 10.1.0.0/16\n"
    "\n"
    "Makes a claim certificate: every device of a fleet carries it until it has an identity\n"
    "of its own. Asks the running server; the certificate may provision with its templates\n"
    "and do nothing else.";

constexpr const char* kListHelp =
    "Example:\n"
    "  imprint claim list /var/lib/imprint\n"
    "\n"
    "Lists every claim with its status, the number of devices registered with it, its last\n"
    "use and its templates.";

constexpr const char* kShowHelp =
    "Example:\n"
    "  imprint claim show /var/lib/imprint 5f2c...\n"
    "\n"
    "Shows one claim: its budget, how much of the budget is used, and why the claim is\n"
    "frozen, if it is.";

constexpr const char* kFreezeHelp =
    "Example:\n"
    "  imprint claim freeze /var/lib/imprint 5f2c... --because \"line 3 lost a controller\"\n"
    "\n"
    "Takes a claim out of service at once: its connections are closed, and no device can\n"
    "register with it.";

constexpr const char* kThawHelp =
    "Example:\n"
    "  imprint claim thaw /var/lib/imprint 5f2c...\n"
    "\n"
    "Puts a frozen claim back in service. The same cause freezes it again unless its budget\n"
    "is changed first.";

constexpr const char* kSetHelp =
    "Example:\n"
    "  imprint claim set /var/lib/imprint 5f2c... --max-devices 200 --network none\n"
    "\n"
    "Changes the rules given here in a claim's budget; the value none removes a rule. A claim\n"
    "that was made the AWS way gets a budget from this command.";

constexpr const char* kAdoptHelp =
    "Example:\n"
    "  imprint claim adopt /var/lib/imprint 5f2c... --name batch7 --template T --max-devices 1000\n"
    "\n"
    "Turns a certificate that was made the AWS way into a claim with a name and a budget. The\n"
    "AWS way is create-keys-and-certificate and attach-policy. Its units continue to use it.";

constexpr std::string_view kPath = "/imprint/v1/claims";
constexpr std::size_t kMaxPemBytes = 64 * 1024;

struct Arguments {
  std::string directory;
  std::string id;
  std::string out;
  std::string valid_for = "30d";
  std::string because;
  std::string name;
  BudgetOptions budget;
  Output output = Output::text;
};

Result<void> write_claim(const deployment::Layout& layout, const std::filesystem::path& folder,
                         const json::object& claim) {
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

/// The address for devices: a server that listens on all addresses is reached by its endpoint's
/// name.
std::string reachable(const std::string& listening, const std::vector<std::string>& endpoints) {
  const std::string port = listening.substr(listening.rfind(':'));
  const bool is_everywhere = listening.starts_with("0.0.0.0:") || listening.starts_with("[::]:");
  return is_everywhere && !endpoints.empty() ? endpoints.front() + port : listening;
}

Result<void> create(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY(expect_deployment(layout));
  TRY_ASSIGN(const deployment::Config config, deployment::Config::load(layout.config()));
  TRY_ASSIGN(const Seconds valid_for, deployment::parse_duration(arguments.valid_for));
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  const std::filesystem::path folder(arguments.out);
  if (std::filesystem::exists(folder / "claim.key")) {
    return fail(Fault::conflict, "{} already holds a claim; name another folder with --out",
                folder.string());
  }
  json::object request{{"validForSeconds", valid_for.count()}};
  TRY(arguments.budget.apply_to(request));
  if (!arguments.name.empty()) request["name"] = arguments.name;
  TRY_ASSIGN(const json::value claim, call(layout, server, "POST", std::string(kPath), request));
  for (const char* member :
       {"certificateId", "certificatePem", "privateKey", "policyName", "policyDocument"}) {
    if (!claim.is_object() || !claim.get_object().contains(member)) {
      return fail(Fault::internal, "the server's answer has no {}", member);
    }
  }
  TRY(write_claim(layout, folder, claim.get_object()));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"certificateId", claim.at("certificateId")},
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
      reachable(server.mqtt, config.endpoints), arguments.directory,
      arguments.budget.templates.front(), arguments.out);
  return {};
}

// ---- claims that exist ----

std::string time_of(const json::object& claim, std::string_view member) {
  const auto* value = claim.if_contains(member);
  if (value == nullptr || !value->is_number()) return "-";
  return fmt::format("{:%Y-%m-%d %H:%M}",
                     fmt::gmtime(static_cast<std::time_t>(value->to_number<double>())));
}

std::string text_of_json(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  if (value == nullptr) return "-";
  return value->is_string() ? std::string(value->get_string()) : encoding::to_json(*value);
}

const json::object& member_of(const json::object& object, std::string_view member) {
  static const json::object kEmpty;
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_object() ? value->get_object() : kEmpty;
}

/// Whether the claim can be used, and if not, why: "in-service", "frozen", "ended".
std::string state_of(const json::object& claim) { return text_of(claim, "state"); }

/// "37 of 100": the number of devices registered with it, and the most it may register.
std::string use_of(const json::object& claim) {
  const std::string most = text_of_json(member_of(claim, "budget"), "maxDevices");
  return text_of_json(claim, "devices") + (most == "-" ? "" : " of " + most);
}

Result<json::object> ask(const Arguments& arguments, const std::string& method,
                         const std::string& path, const json::object& body = {}) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::value answer, call(layout, server, method, std::string(kPath) + path, body));
  if (!answer.is_object()) return fail(Fault::internal, "the server's answer is not an object");
  return std::move(answer.get_object());
}

/// "/ID"; an ARN is accepted as well.
std::string path_of(const Arguments& arguments) {
  return "/" + encoding::percent_encode(arguments.id.substr(arguments.id.rfind('/') + 1));
}

void print_claim(const Arguments& arguments, const json::object& claim) {
  if (arguments.output == Output::json) return fmt::print("{}\n", encoding::to_json(claim));
  fmt::print("{:<16}{}\n", "claim", text_of(claim, "certificateId"));
  if (claim.contains("name")) fmt::print("{:<16}{}\n", "name", text_of(claim, "name"));
  fmt::print("{:<16}{}\n", "state", state_of(claim));
  if (const json::object& frozen = member_of(claim, "frozen"); !frozen.empty()) {
    fmt::print("{:<16}{}\n", "frozen at", time_of(frozen, "at"));
    fmt::print("{:<16}{}\n", "because", text_of(frozen, "because"));
    fmt::print("{:<16}{}\n", "by",
               frozen.contains("by") ? text_of(frozen, "by") : std::string("the server"));
  }
  fmt::print("{:<16}{}\n", "devices", use_of(claim));
  fmt::print("{:<16}{}\n", "made", time_of(claim, "creationDate"));
  fmt::print("{:<16}{}\n", "expires", time_of(claim, "expiration"));
  fmt::print("{:<16}{}\n", "last use", time_of(claim, "lastUse"));
  for (const auto& rule : member_of(claim, "budget")) {
    if (rule.key() == "maxDevices") continue;
    fmt::print("{:<16}{}\n", std::string_view(rule.key()),
               text_of_json(member_of(claim, "budget"), rule.key()));
  }
  if (claim.contains("learnedNetworks"))
    fmt::print("{:<16}{}\n", "learnedNetworks", text_of_json(claim, "learnedNetworks"));
}

Result<void> list(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::array all, call_all(layout, server, std::string(kPath), "claims"));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"claims", std::move(all)}}));
    return {};
  }
  fmt::print("{:<64}  {:<16}  {:<10}  {:<16}  {:<16}  {}\n", "CLAIM", "NAME", "STATE", "DEVICES",
             "LAST USE", "TEMPLATES");
  for (const json::value& value : all) {
    if (!value.is_object()) continue;
    const json::object& claim = value.get_object();
    const std::string name = text_of(claim, "name");
    fmt::print("{:<64}  {:<16}  {:<10}  {:<16}  {:<16}  {}\n", text_of(claim, "certificateId"),
               name.empty() ? "-" : name, state_of(claim), use_of(claim), time_of(claim, "lastUse"),
               text_of_json(member_of(claim, "budget"), "templateNames"));
  }
  return {};
}

Result<void> show(const Arguments& arguments) {
  TRY_ASSIGN(const json::object claim, ask(arguments, "GET", path_of(arguments)));
  print_claim(arguments, claim);
  return {};
}

Result<void> freeze(const Arguments& arguments) {
  TRY_ASSIGN(const json::object claim, ask(arguments, "POST", path_of(arguments) + "/freeze",
                                           {{"because", arguments.because}}));
  print_claim(arguments, claim);
  return {};
}

Result<void> thaw(const Arguments& arguments) {
  TRY_ASSIGN(const json::object claim, ask(arguments, "POST", path_of(arguments) + "/thaw"));
  print_claim(arguments, claim);
  if (arguments.output == Output::text && state_of(claim) == "used-up") {
    fmt::print(
        "\nNext: its budget is used up, and the next new device freezes it again. Raise it: "
        "imprint claim set {} {} --max-devices N\n",
        arguments.directory, text_of(claim, "certificateId"));
  }
  return {};
}

/// The API does not describe a claim that has no budget yet; then the given rules are the whole
/// budget.
Result<void> set(const Arguments& arguments) {
  json::object request;
  const auto claim = ask(arguments, "GET", path_of(arguments));
  if (!claim && claim.error().fault != Fault::not_found) return tl::unexpected(claim.error());
  if (claim) {
    request = member_of(*claim, "budget");
    request["expectedVersion"] = claim->at("version");
  }
  TRY(arguments.budget.apply_to(request));
  if (!arguments.name.empty()) request["name"] = arguments.name;
  TRY_ASSIGN(const json::object changed, ask(arguments, "PUT", path_of(arguments), request));
  print_claim(arguments, changed);
  return {};
}

Result<void> adopt(const Arguments& arguments) {
  const auto claim = ask(arguments, "GET", path_of(arguments));
  if (claim) {
    return fail(Fault::conflict, "{} is already a claim; imprint claim set changes its budget",
                text_of(*claim, "certificateId"));
  }
  if (claim.error().fault != Fault::not_found) return tl::unexpected(claim.error());
  return set(arguments);
}

CLI::App* add_verb_on_one(CLI::App& noun, const char* name, const char* help,
                          const std::shared_ptr<Arguments>& arguments, Run& run,
                          Result<void> (*work)(const Arguments&)) {
  CLI::App* verb = add_deployment_verb(noun, name, help, arguments, run, work);
  verb->add_option("ID", arguments->id, "Certificate id or ARN of the claim")->required();
  return verb;
}

void add_name(CLI::App& verb, std::string& name) {
  verb.add_option("--name", name, "Name of the claim in lists, such as batch7")
      ->option_text("TEXT");
}

}  // namespace

void add_claim(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("claim", kHelp);
  noun->require_subcommand(1);
  CLI::App* verb = add_deployment_verb(*noun, "create", kCreateHelp, arguments, run, &create);
  verb->add_option("--template", arguments->budget.templates,
                   "Provisioning template the claim may use (repeatable)")
      ->option_text("NAME")
      ->required();
  verb->add_option("--out", arguments->out, "Folder for certificate, key, root CA and policy")
      ->option_text("FOLDER")
      ->required();
  verb->add_option("--valid-for", arguments->valid_for,
                   "How long it may be used, such as 12h or 30d (default 30d)")
      ->option_text("TIME");
  add_name(*verb, arguments->name);
  arguments->budget.add_to(*verb);
  add_deployment_verb(*noun, "list", kListHelp, arguments, run, &list);
  add_verb_on_one(*noun, "show", kShowHelp, arguments, run, &show);
  add_verb_on_one(*noun, "freeze", kFreezeHelp, arguments, run, &freeze)
      ->add_option("--because", arguments->because, "The reason, shown with the frozen claim")
      ->option_text("TEXT")
      ->required();
  add_verb_on_one(*noun, "thaw", kThawHelp, arguments, run, &thaw);
  verb = add_verb_on_one(*noun, "set", kSetHelp, arguments, run, &set);
  verb->add_option("--template", arguments->budget.templates,
                   "Provisioning template the claim may use (repeatable)")
      ->option_text("NAME");
  add_name(*verb, arguments->name);
  arguments->budget.add_to(*verb);
  verb = add_verb_on_one(*noun, "adopt", kAdoptHelp, arguments, run, &adopt);
  verb->add_option("--template", arguments->budget.templates,
                   "Provisioning template the claim may use (repeatable)")
      ->option_text("NAME");
  add_name(*verb, arguments->name);
  arguments->budget.add_to(*verb);
}

}  // namespace imprint::tool
