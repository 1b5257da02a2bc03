// SPDX-License-Identifier: Apache-2.0
#include "templates/template.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/template_file.h"
#include "apps/imprint/verbs.h"
#include "base/clock.h"
#include "base/file.h"
#include "encoding/text.h"
#include "provisioning/certificate_parameters.h"
#include "provisioning/outside_certificate.h"
#include "provisioning/template_check.h"
#include "x509/certificate.h"
#include "x509/chain.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kHelp =
    "Example:\n"
    "  imprint template lint fleet-provisioning-template.json\n"
    "  imprint template lint fleet-provisioning-template.json --data /var/lib/imprint\n"
    "  imprint template try /var/lib/imprint Sensors --parameter SerialNumber=A1 --parameter "
    "FirmwareVersion=2\n"
    "  imprint template set /var/lib/imprint Sensors allowlist=line-a\n"
    "\n"
    "Checks, tries and configures provisioning templates: lint lists every problem with its\n"
    "place and how to fix it; try shows what a device with these parameters would get,\n"
    "without making it. try really asks the template's pre-provisioning hook (unless given\n"
    "--no-hook).";

constexpr const char* kLintHelp =
    "Example:\n"
    "  imprint template lint fleet-provisioning-template.json\n"
    "  imprint template lint fleet-provisioning-template.json --data /var/lib/imprint\n"
    "\n"
    "Lists everything that is wrong with a provisioning template, each problem with its place\n"
    "and how to fix it. The file may also be the one for `aws iot register-ca-certificate\n"
    "--registration-config`, with the body inside. Exit code 1 when a problem is an error.";

constexpr const char* kTryHelp =
    "Example:\n"
    "  imprint template try /var/lib/imprint Sensors --parameter SerialNumber=A1 --parameter "
    "FirmwareVersion=2\n"
    "\n"
    "Shows every change that a device with these parameters would cause, and its answer,\n"
    "without making the changes. Asks the running server; exit code 1 when the device would\n"
    "be refused.";

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

struct Arguments {
  std::string directory;
  std::string file;
  std::string type = "fleet";
  std::string ca_file;
  std::vector<std::string> device_files;
  Output output = Output::text;

  // try
  std::string name;
  std::vector<std::string> parameters;
  std::int64_t version = 0;
  std::string certificate_file;
  std::string certificate_id;
  bool without_hook = false;
};

bool is_error(const json::value& problem) {
  return text_of(problem.as_object(), "severity") == "error";
}

json::array lint_here(const std::string& body, const std::string& type) {
  json::array out;
  const auto use = type == "jitp" ? templates::Use::jitp : templates::Use::fleet;
  for (const templates::Problem& problem : provisioning::lint_template(body, use)) {
    const bool error = problem.severity == templates::Severity::error;
    out.emplace_back(json::object{{"severity", error ? "error" : "warning"},
                                  {"path", problem.path},
                                  {"message", problem.message},
                                  {"remedy", problem.remedy}});
  }
  return out;
}

/// As above, plus what is missing in the registry.
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

// ---- devices of a CA ----

/// A device's certificate comes first, as in the file that the device sends; intermediates follow.
Result<std::vector<x509::Certificate>> read_certificates(const std::string& file) {
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  TRY_ASSIGN(const std::string text, read_text_argument(file, kMaxFileBytes));
  std::vector<x509::Certificate> out;
  std::string_view rest = text;
  do {
    const auto end = rest.find(kEnd);
    const std::size_t size = end == std::string_view::npos ? rest.size() : end + kEnd.size();
    auto certificate = x509::Certificate::from_pem(rest.substr(0, size));
    if (!certificate) return fail(Fault::invalid, "{}: {}", file, describe(certificate.error()));
    out.push_back(std::move(*certificate));
    rest.remove_prefix(size);
  } while (rest.find_first_not_of(" \t\r\n") != std::string_view::npos);
  return out;
}

json::object problem_of(std::string_view severity, std::string_view path, std::string message,
                        std::string_view remedy) {
  return {{"severity", severity}, {"path", path}, {"message", message}, {"remedy", remedy}};
}

/// The subject attributes that the template needs from a CA's devices, and those that these
/// devices' certificates lack.
Result<json::array> lint_devices(const Arguments& arguments, const std::string& body) {
  json::array out;
  const auto parsed = templates::Template::parse(body, templates::Use::jitp);
  if (!parsed) return out;  // reported with the other problems
  const SystemClock clock;
  std::vector<x509::Certificate> ca;
  if (!arguments.ca_file.empty()) {
    TRY_ASSIGN(ca, read_certificates(arguments.ca_file));
    ca.resize(1, ca.front());
    if (!ca.front().is_ca()) {
      return fail(Fault::invalid,
                  "{}: is not a CA certificate; name the one that signs the "
                  "devices' certificates",
                  arguments.ca_file);
    }
    std::vector<std::string_view> needed;
    for (const provisioning::SubjectField& field : provisioning::subject_fields(*parsed))
      if (field.is_needed) needed.push_back(field.name);
    out.push_back(problem_of(
        "note", "$.Parameters",
        needed.empty() ? "needs nothing from the subject of a device's certificate"
                       : fmt::format("needs {} in the subject of each device's certificate",
                                     fmt::join(needed, ", ")),
        arguments.device_files.empty() ? "show one with --certificate to check it"
                                       : "the certificates shown have been checked"));
  }
  for (const std::string& file : arguments.device_files) {
    TRY_ASSIGN(const std::vector<x509::Certificate> sent, read_certificates(file));
    const x509::Certificate& device = sent.front();
    if (const auto fit = provisioning::check_outside_certificate(device, clock.now()); !fit)
      out.push_back(problem_of("error", file, fit.error().message, "make another certificate"));
    if (!ca.empty()) {
      TRY_ASSIGN(const x509::TrustAnchors anchor, x509::TrustAnchors::make(ca));
      const auto more = std::span(sent).subspan(1);
      const auto chain = anchor.verify(device, more, clock.now(), x509::ChainPurpose::tls_client)
                             .and_then([&](const auto&) {
                               return provisioning::check_path_to_ca(device, more, ca.front());
                             });
      if (!chain) {
        out.push_back(problem_of("error", file, chain.error().message,
                                 "name the CA that signed it; intermediates follow the device's "
                                 "certificate in its file"));
      }
    }
    for (const templates::Problem& problem : provisioning::check_subject(*parsed, device))
      out.push_back(problem_of("error", problem.path, problem.message, problem.remedy));
  }
  return out;
}

/// Returns the exit code: findings are not a failure of the tool, but a script must see them.
Result<int> lint(const Arguments& arguments) {
  TRY_ASSIGN(const TemplateFile file, read_template_file(arguments.file));
  const std::string& body = file.body;
  const bool is_for_devices = !arguments.ca_file.empty() || !arguments.device_files.empty();
  const std::string type = is_for_devices ? "jitp" : arguments.type;
  json::array problems;
  if (arguments.directory.empty()) {
    problems = lint_here(body, type);
  } else {
    TRY_ASSIGN(problems, lint_there(arguments.directory, body, type));
  }
  if (is_for_devices) {
    TRY_ASSIGN(const json::array more, lint_devices(arguments, body));
    problems.insert(problems.end(), more.begin(), more.end());
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
  const auto warnings = std::ranges::count_if(problems, [](const json::value& problem) {
    return text_of(problem.as_object(), "severity") == "warning";
  });
  fmt::print("{}: {} error{}, {} warning{}\n", arguments.file, errors, errors == 1 ? "" : "s",
             warnings, warnings == 1 ? "" : "s");
  return errors == 0 ? kDone : kFailed;
}

// ---- try ----

Result<json::object> trial_of(const Arguments& arguments) {
  json::object parameters;
  for (const std::string& parameter : arguments.parameters) {
    const auto equals = parameter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Fault::invalid, "--parameter {}: write NAME=VALUE", quote(parameter));
    }
    parameters[parameter.substr(0, equals)] = parameter.substr(equals + 1);
  }
  json::object out{{"parameters", std::move(parameters)}};
  if (arguments.without_hook) out["noHook"] = true;
  if (arguments.version > 0) out["versionId"] = arguments.version;
  if (!arguments.certificate_id.empty()) out["certificateId"] = arguments.certificate_id;
  if (!arguments.file.empty()) {
    TRY_ASSIGN(const TemplateFile file, read_template_to_send(arguments.file));
    out["templateBody"] = file.body;
  }
  if (!arguments.certificate_file.empty()) {
    TRY_ASSIGN(out["certificatePem"],
               read_text_argument(arguments.certificate_file, kMaxFileBytes));
  }
  return out;
}

/// "thing device-1", "policy attachment P to cert/ab...": the members in order, without the two
/// that name the kind of change.
void print_change(const json::object& change) {
  fmt::print("  {} {}\n", text_of(change, "action"), text_of(change, "kind"));
  for (const auto& member : change) {
    const std::string name(member.key());
    if (name == "action" || name == "kind") continue;
    const json::value& value = member.value();
    fmt::print("      {}: {}\n", name,
               value.is_string() ? std::string(value.get_string()) : encoding::to_json(value));
  }
}

/// The answer of the template's hook; the device does not see it.
void print_hook(const json::object& outcome) {
  const json::value* member = outcome.if_contains("hook");
  if (member == nullptr || !member->is_object()) return;
  const json::object& hook = member->get_object();
  const bool shadow = hook.at("shadow") == json::value(true);
  fmt::print("Hook {} answered {} after {:.0f} ms{}{}{}\n", text_of(hook, "targetArn"),
             text_of(hook, "outcome"), hook.at("seconds").to_number<double>() * 1000,
             shadow ? " (shadow: decides nothing)" : "",
             text_of(hook, "because").empty() ? "" : ": ", text_of(hook, "because"));
  const auto list = [&](std::string_view name, std::string_view sentence) {
    const json::value& value = hook.at(name);
    const bool is_empty = value.is_object() ? value.get_object().empty() : value.as_array().empty();
    if (!is_empty) fmt::print("  {} {}\n", sentence, encoding::to_json(value));
  };
  list("parameterOverrides", "overrides");
  list("undeclared",
       "its overrides of these are ignored because the template does not declare them:");
}

Result<int> try_template(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const json::object request, trial_of(arguments));
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(const json::value answer, call(layout, server, "POST",
                                            fmt::format("/imprint/v1/templates/{}/try",
                                                        encoding::percent_encode(arguments.name)),
                                            request));
  if (!answer.is_object() || !answer.get_object().contains("allowed"))
    return fail(Fault::internal, "the server's answer does not say whether the device is allowed");
  const json::object& outcome = answer.get_object();
  const bool is_allowed = outcome.at("allowed") == json::value(true);
  if (arguments.output == Output::text) print_hook(outcome);
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
  } else if (!is_allowed) {
    fmt::print("Refused with {}: {}\n", text_of(outcome, "errorCode"),
               text_of(outcome, "errorMessage"));
    if (!text_of(outcome, "path").empty()) fmt::print("  at {}\n", text_of(outcome, "path"));
    if (!text_of(outcome, "rule").empty())
      fmt::print("  decided by {}\n", text_of(outcome, "rule"));
  } else {
    fmt::print("Allowed{}. It would\n", text_of(outcome, "thingName").empty()
                                            ? ""
                                            : ", as " + text_of(outcome, "thingName"));
    for (const json::value& change : outcome.at("changes").as_array())
      print_change(change.as_object());
    fmt::print("\nand answer the device with deviceConfiguration {}\n",
               encoding::to_json(outcome.at("deviceConfiguration")));
  }
  return is_allowed ? kDone : kFailed;
}

void add_try(CLI::App& noun, const std::shared_ptr<Arguments>& arguments, Run& run) {
  CLI::App* verb = noun.add_subcommand("try", kTryHelp);
  verb->add_option("DIR", arguments->directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  verb->add_option("NAME", arguments->name, "The template")->required();
  verb->add_option("--parameter", arguments->parameters, "What the device sends; may be repeated")
      ->option_text("NAME=VALUE");
  verb->add_option("--template-version", arguments->version, "Version (default: the default one)")
      ->check(whole_number_from(1))
      ->option_text("N");
  verb->add_option("--body", arguments->file, "Try this body instead of the template's")
      ->option_text("FILE");
  verb->add_option(
          "--certificate", arguments->certificate_file,
          "The device's certificate, for JITP templates; intermediates follow it, as it sends them")
      ->option_text("FILE");
  verb->add_option("--certificate-id", arguments->certificate_id,
                   "A registered certificate, for a device that registers again")
      ->option_text("ID");
  verb->add_flag("--no-hook", arguments->without_hook,
                 "Do not ask the template's pre-provisioning hook");
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] {
    run = [arguments] {
      const auto code = try_template(*arguments);
      return code ? *code : report(code.error());
    };
  });
}

}  // namespace

void add_template(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand("template", kHelp);
  noun->require_subcommand(1);
  CLI::App* verb = noun->add_subcommand("lint", kLintHelp);
  verb->add_option("FILE", arguments->file, "The template's body, JSON")->required();
  verb->add_option("--type", arguments->type, "The type of the template (default fleet)")
      ->check(CLI::IsMember({"fleet", "jitp"}))
      ->option_text("fleet|jitp");
  verb->add_option("--ca", arguments->ca_file,
                   "CA certificate, PEM: also list what its devices' subjects need; implies jitp")
      ->option_text("FILE");
  verb->add_option("--certificate", arguments->device_files,
                   "A device's certificate, PEM: list what it lacks; may be repeated; implies jitp")
      ->option_text("FILE");
  verb->add_option("--data", arguments->directory,
                   "Deployment directory: its running server also lists what is missing in it")
      ->envname("IMPRINT_DATA")
      ->option_text("DIR");
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] {
    run = [arguments] {
      const auto code = lint(*arguments);
      return code ? *code : report(code.error());
    };
  });
  add_try(*noun, arguments, run);
  add_template_settings(*noun, run);
}

}  // namespace imprint::tool
