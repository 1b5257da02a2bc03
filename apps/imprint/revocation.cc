// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/deployment_verb.h"
#include "apps/imprint/verbs.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kPath = "/imprint/v1/revocations";

constexpr const char* kListHelp =
    "Example:\n"
    "  imprint revocation list /var/lib/imprint\n"
    "\n"
    "Lists revoked certificates that were deleted: their keys remain barred.";

constexpr const char* kLiftHelp =
    "Example:\n"
    "  imprint revocation lift /var/lib/imprint 3f0c...9a\n"
    "\n"
    "Lifts the bar on the key of a revoked certificate that was deleted, for a unit that came\n"
    "back and may be used. Recorded in the audit trail. A revoked certificate that is still\n"
    "registered must be deleted first (aws iot delete-certificate).";

struct Arguments {
  std::string directory;
  std::string certificate;
  Output output = Output::text;
};

std::string deleted_at(const json::object& revocation) {
  const auto* value = revocation.if_contains("deletionDate");
  return value != nullptr && value->is_number() ? shown_time(value->to_number<double>()) : "-";
}

Result<void> list(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(json::array all, call_all(layout, server, std::string(kPath), "revocations"));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"revocations", std::move(all)}}));
    return {};
  }
  fmt::print("{:<64}  {:<23}  {}\n", "CERTIFICATE", "DELETED", "COMMON NAME");
  for (const json::value& one : all) {
    fmt::print("{:<64}  {:<23}  {}\n", text_of(one.get_object(), "certificateId"),
               deleted_at(one.get_object()), text_of(one.get_object(), "commonName"));
  }
  return {};
}

Result<void> lift(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  // An ARN is accepted as well.
  const std::string id = arguments.certificate.substr(arguments.certificate.rfind('/') + 1);
  TRY_ASSIGN(
      const json::value answer,
      call(layout, server, "DELETE", fmt::format("{}/{}", kPath, encoding::percent_encode(id))));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
  } else {
    fmt::print("the key of certificate {} may be certified again\n", id);
  }
  return {};
}

}  // namespace

void add_revocation(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun =
      app.add_subcommand("revocation",
                         "Example:\n"
                         "  imprint revocation list /var/lib/imprint\n"
                         "  imprint revocation lift /var/lib/imprint 3f0c...9a\n"
                         "\n"
                         "Shows and lifts revocations whose certificates were deleted.");
  noun->require_subcommand(1);
  add_deployment_verb(*noun, "list", kListHelp, arguments, run, &list);
  add_deployment_verb(*noun, "lift", kLiftHelp, arguments, run, &lift)
      ->add_option("CERTIFICATE", arguments->certificate, "Id or ARN of the certificate")
      ->required();
}

}  // namespace imprint::tool
