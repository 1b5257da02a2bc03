// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>

#include "access/access_key.h"
#include "access/policy.h"
#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/file.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint credentials create /var/lib/imprint --name \"line 1\" --role factory --out line1\n"
    "  imprint credentials list /var/lib/imprint\n"
    "  imprint credentials revoke /var/lib/imprint AKIA...\n"
    "\n"
    "Makes, lists and revokes access keys for the REST API: one for each person, script or\n"
    "line, allowed to do what its role or policy says. Asks the running server. Roles: admin\n"
    "(everything), read-only (Describe, Get, List, Search), factory (claims and things; no\n"
    "policy, no template).";

constexpr const char* kCreateHelp =
    "Example:\n"
    "  imprint credentials create /var/lib/imprint --name \"line 1\" --role factory --out line1\n"
    "  imprint credentials create /var/lib/imprint --name audit --policy audit.json\n"
    "\n"
    "Makes an access key that may do what its role or policy says. Its secret is shown or written "
    "this once.";

constexpr const char* kListHelp =
    "Example:\n"
    "  imprint credentials list /var/lib/imprint\n"
    "\n"
    "Lists every access key with name, role, status and dates; never a secret.";

constexpr const char* kRevokeHelp =
    "Example:\n"
    "  imprint credentials revoke /var/lib/imprint AKIA...\n"
    "\n"
    "Revokes an access key at once and for good; imprint credentials list shows the ids.";

constexpr std::string_view kPath = "/imprint/v1/credentials";

struct Arguments {
  std::string directory;
  std::string name;
  std::string role;
  std::string policy;
  std::string out;
  std::string id;
  Output output = Output::text;
};

std::string day_of(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  if (value == nullptr || !value->is_number()) return "-";
  return fmt::format("{:%Y-%m-%d}",
                     fmt::gmtime(static_cast<std::time_t>(value->to_number<double>())));
}

Result<json::object> request_of(const Arguments& arguments) {
  if (arguments.role.empty() == arguments.policy.empty())
    return fail(Fault::invalid, "say what the key may do: either --role or --policy");
  json::object out{{"name", arguments.name}};
  if (!arguments.role.empty()) {
    out["role"] = arguments.role;
    return out;
  }
  TRY_ASSIGN(const std::string document,
             read_text_argument(arguments.policy, access::kMaxDocumentBytes));
  const auto policy = access::Policy::parse(document, arguments.policy);
  if (!policy) return fail(Fault::invalid, "{}: {}", arguments.policy, describe(policy.error()));
  out["policyDocument"] = document;
  return out;
}

/// The secret exists in this answer only: if its file cannot be written, the key is revoked.
Result<void> keep(const deployment::Layout& layout, const ServerAddress& server,
                  const access::AccessKey& key, const std::string& out) {
  auto written = write_file_durably(out, 0600, key.file_text().reveal());
  if (written) return {};
  const auto revoked = call(layout, server, "DELETE", fmt::format("{}/{}", kPath, key.id));
  return fail(written.error().fault, "{}; the new access key {} {}", written.error().message,
              key.id, revoked ? "was therefore revoked" : "is lost: revoke it");
}

Result<void> create(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const json::object request, request_of(arguments));
  if (!arguments.out.empty() &&
      std::filesystem::exists(std::filesystem::symlink_status(arguments.out))) {
    return fail(Fault::conflict, "{} already exists; name another file with --out", arguments.out);
  }
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::value answer, call(layout, server, "POST", std::string(kPath), request));
  json::object made = answer.is_object() ? std::move(answer.get_object()) : json::object();
  const access::AccessKey key{text_of(made, "accessKeyId"),
                              Secret(text_of(made, "secretAccessKey"))};
  if (key.id.empty() || key.secret.empty())
    return fail(Fault::internal, "the server's answer has no access key");
  if (!arguments.out.empty()) {
    TRY(keep(layout, server, key, arguments.out));
    made.erase("secretAccessKey");
    made["file"] = arguments.out;
  }
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(made));
    return {};
  }
  if (arguments.out.empty()) {
    fmt::print("{}", key.file_text().reveal());
    fmt::print(stderr, "The secret is shown only this once; store it in a file with mode 0600.\n");
    return {};
  }
  fmt::print("Made access key {} for {}\n\n  {}  AWS shared-credentials file (0600)\n", key.id,
             arguments.name, arguments.out);
  fmt::print(
      "\nUse it:\n  AWS_SHARED_CREDENTIALS_FILE={} AWS_CA_BUNDLE={} AWS_REGION={} \\\n    aws "
      "--endpoint-url {} iot list-things\n",
      arguments.out, layout.trusted_root().string(), server.region, server.http);
  return {};
}

Result<void> list(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::array all, call_all(layout, server, std::string(kPath), "credentials"));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"credentials", std::move(all)}}));
    return {};
  }
  fmt::print("{:<20}  {:<24}  {:<10}  {:<7}  {:<10}  {}\n", "ACCESS KEY", "NAME", "ROLE", "STATUS",
             "CREATED", "REVOKED");
  for (const json::value& row : all) {
    const json::object& one = row.get_object();
    const std::string role = text_of(one, "role");
    fmt::print("{:<20}  {:<24}  {:<10}  {:<7}  {:<10}  {}\n", text_of(one, "accessKeyId"),
               text_of(one, "name"), role.empty() ? "(policy)" : role, text_of(one, "status"),
               day_of(one, "creationDate"), day_of(one, "revocationDate"));
  }
  return {};
}

Result<void> revoke(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(const json::value answer,
             call(layout, server, "DELETE",
                  fmt::format("{}/{}", kPath, encoding::percent_encode(arguments.id))));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
  } else {
    fmt::print("Revoked access key {}\n", arguments.id);
  }
  return {};
}

using Verb = Result<void> (*)(const Arguments&);

CLI::App* add_verb(CLI::App& noun, const std::string& name, const std::string& help, Verb verb,
                   const std::shared_ptr<Arguments>& arguments, Run& run) {
  CLI::App* out = noun.add_subcommand(name, help);
  out->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  add_output(*out, arguments->output);
  out->callback([arguments, verb, &run] {
    run = [arguments, verb] {
      const auto done = verb(*arguments);
      return done ? kDone : report(done.error());
    };
  });
  return out;
}

}  // namespace

void add_credentials(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("credentials", kHelp);
  noun->require_subcommand(1);
  CLI::App* make = add_verb(*noun, "create", kCreateHelp, &create, arguments, run);
  make->add_option("--name", arguments->name, "Whose key it is; shown in lists and refusals")
      ->option_text("NAME")
      ->required();
  make->add_option("--role", arguments->role, "What it may do: admin, read-only or factory")
      ->option_text("ROLE");
  make->add_option("--policy", arguments->policy,
                   "What it may do: a file with an access policy (Version, Statement)")
      ->option_text("FILE");
  make->add_option("--out", arguments->out,
                   "AWS shared-credentials file to write, mode 0600 (default: stdout)")
      ->option_text("FILE");
  add_verb(*noun, "list", kListHelp, &list, arguments, run);
  CLI::App* end = add_verb(*noun, "revoke", kRevokeHelp, &revoke, arguments, run);
  end->add_option("ID", arguments->id, "Access key id, AKIA...")->required();
}

}  // namespace imprint::tool
