// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/access.h"
#include "apps/imprint/template_file.h"
#include "apps/imprint/verbs.h"
#include "base/clock.h"
#include "base/name.h"
#include "deployment/config.h"
#include "encoding/text.h"
#include "issuance/serial.h"
#include "x509/certificate.h"
#include "x509/private_key.h"
#include "x509/tbs_certificate.h"

namespace imprint::tool {

namespace {

namespace json = encoding::json;

constexpr const char* kRegisterHelp =
    "Example:\n"
    "  imprint ca register /var/lib/imprint rootCA.pem --key rootCA.key --template Jitp\n"
    "  imprint ca register /var/lib/imprint rootCA.pem --sni-only --body jitp-template.json\n"
    "  imprint ca register /var/lib/imprint rootCA.pem --key rootCA.key\n"
    "\n"
    "Registers a CA of your own in one step, active and with auto-registration: devices whose\n"
    "certificates it signed register at their first connection and are provisioned through\n"
    "the template. Without a template they wait for `aws iot update-certificate --new-status\n"
    "ACTIVE`. The key proves that the CA is yours and never leaves this machine; without the\n"
    "key, use --sni-only.";

constexpr const char* kListHelp =
    "Example:\n"
    "  imprint ca list /var/lib/imprint\n"
    "\n"
    "Lists the registered CA certificates: status, whether their devices are registered\n"
    "automatically, and with which template.";

constexpr std::size_t kMaxPemBytes = 64 * 1024;

struct Arguments {
  std::string directory;
  std::string certificate;
  std::string key;
  bool sni_only = false;
  std::string template_name;
  std::string body;
  bool inactive = false;
  bool no_auto_registration = false;
  Output output = Output::text;
};

/// A certificate that only the holder of the CA's key can make for this server: signed by it, with
/// the registration code as common name. Its own key is used once and discarded.
Result<std::string> make_proof(const x509::Certificate& ca, const x509::PrivateKey& ca_key,
                               const std::string& registration_code) {
  if (!(ca_key.public_key() == ca.public_key()))
    return fail(Fault::invalid, "the key given by --key does not match the CA certificate");
  TRY_ASSIGN(const x509::PrivateKey key, x509::PrivateKey::generate(x509::KeyAlgorithm::ec_p256));
  TRY_ASSIGN(x509::DistinguishedName subject,
             x509::DistinguishedName::make({{x509::NameType::common_name, registration_code}}));
  SystemRandom random;
  const SystemClock clock;
  TRY_ASSIGN(const x509::Certificate proof,
             x509::sign_certificate({.serial = issuance::make_serial(random),
                                     .signature_algorithm = ca_key.signature_algorithm(),
                                     .issuer = ca.subject(),
                                     .not_before = clock.now() - std::chrono::minutes(5),
                                     .not_after = clock.now() + std::chrono::hours(24),
                                     .subject = std::move(subject),
                                     .public_key = key.public_key(),
                                     .extensions = {.basic_constraints = x509::BasicConstraints{}}},
                                    ca_key));
  return proof.pem();
}

Result<json::object> registration_of(const Arguments& arguments, const deployment::Layout& layout,
                                     const ServerAddress& server) {
  if (arguments.sni_only != arguments.key.empty()) {
    return fail(Fault::invalid,
                "give --key FILE to prove that the CA is yours, or --sni-only to register it "
                "without a proof; one of the two");
  }
  if (!arguments.template_name.empty() && !arguments.body.empty())
    return fail(Fault::invalid, "--template and --body contradict each other; give one");
  TRY_ASSIGN(const std::string pem, read_text_argument(arguments.certificate, kMaxPemBytes));
  const auto ca = x509::Certificate::from_pem(pem);
  if (!ca) return fail(Fault::invalid, "{}: {}", arguments.certificate, describe(ca.error()));
  json::object request{{"caCertificate", pem},
                       {"certificateMode", arguments.sni_only ? "SNI_ONLY" : "DEFAULT"}};
  if (!arguments.template_name.empty())
    request["registrationConfig"] = json::object{{"templateName", arguments.template_name}};
  if (!arguments.body.empty()) {
    TRY_ASSIGN(const deployment::Config config, deployment::Config::load(layout.config()));
    TRY_ASSIGN(const TemplateFile file, read_template_to_send(arguments.body));
    if (!file.template_name.empty()) {
      return fail(
          Fault::invalid,
          "{}: contains both a template name {} and a body; give the stored one with --template "
          "{}, or remove templateName from the file",
          arguments.body, quote(file.template_name), file.template_name);
    }
    // AWS requires a role beside a body; nothing here assumes it.
    const std::string role = file.role_arn.empty()
                                 ? fmt::format("arn:aws:iam::{}:role/imprint", config.account_id)
                                 : file.role_arn;
    request["registrationConfig"] = json::object{{"templateBody", file.body}, {"roleArn", role}};
  }
  if (arguments.sni_only) return request;
  TRY_ASSIGN(const Secret key_text, read_secret_argument(arguments.key, kMaxPemBytes));
  const auto key = x509::PrivateKey::from_pem(key_text.reveal());
  if (!key) return fail(Fault::invalid, "{}: {}", arguments.key, describe(key.error()));
  TRY_ASSIGN(const json::value code, call(layout, server, "GET", "/registrationcode"));
  if (!code.is_object()) return fail(Fault::internal, "the server's answer has no code");
  TRY_ASSIGN(request["verificationCertificate"],
             make_proof(*ca, *key, text_of(code.get_object(), "registrationCode")));
  return request;
}

Result<void> register_ca(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(const json::object request, registration_of(arguments, layout, server));
  const std::string path = fmt::format("/cacertificate?allowAutoRegistration={}&setAsActive={}",
                                       !arguments.no_auto_registration, !arguments.inactive);
  TRY_ASSIGN(const json::value answer, call(layout, server, "POST", path, request));
  if (!answer.is_object()) return fail(Fault::internal, "the server's answer is not an object");
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(answer));
    return {};
  }
  const std::string id = text_of(answer.get_object(), "certificateId");
  fmt::print("Registered CA certificate {}\n\n", id);
  const bool introduces = !arguments.inactive && !arguments.no_auto_registration;
  if (!introduces) {
    fmt::print(
        "Its devices are not registered automatically yet: aws iot update-ca-certificate "
        "--certificate-id {} "
        "--new-status ACTIVE --new-auto-registration-status ENABLE\n",
        id);
  } else if (!arguments.template_name.empty() || !arguments.body.empty()) {
    fmt::print(
        "Devices whose certificates it signed are provisioned when they first connect to "
        "{}\n",
        server.mqtt);
  } else {
    fmt::print(
        "Devices whose certificates it signed are registered when they first connect to {}, "
        "and wait for\n  aws iot update-certificate --certificate-id ID --new-status "
        "ACTIVE\nTo list the waiting certificates: aws iot list-certificates-by-ca "
        "--ca-certificate-id {}\n",
        server.mqtt, id);
  }
  return {};
}

/// Every registered CA as DescribeCACertificate returns it.
Result<json::array> describe_all(const deployment::Layout& layout, const ServerAddress& server) {
  json::array out;
  std::string marker;
  do {
    TRY_ASSIGN(const json::value page,
               call(layout, server, "GET",
                    marker.empty() ? "/cacertificates"
                                   : "/cacertificates?marker=" + encoding::percent_encode(marker)));
    if (!page.is_object() || page.get_object().if_contains("certificates") == nullptr)
      return fail(Fault::internal, "the server's answer has no certificates");
    const json::object& object = page.get_object();
    for (const json::value& ca : object.at("certificates").as_array()) {
      TRY_ASSIGN(json::value one,
                 call(layout, server, "GET",
                      "/cacertificate/" + text_of(ca.as_object(), "certificateId")));
      out.push_back(std::move(one));
    }
    marker = text_of(object, "nextMarker");
  } while (!marker.empty());
  return out;
}

std::string provisioned_by(const json::object& ca) {
  const json::value* config = ca.if_contains("registrationConfig");
  if (config == nullptr) return "an operator (just-in-time registration)";
  const std::string name = text_of(config->as_object(), "templateName");
  return name.empty() ? "a template of its own" : "template " + name;
}

Result<void> list(const Arguments& arguments) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(const ServerAddress server, find_server(layout));
  TRY_ASSIGN(const json::array all, describe_all(layout, server));
  if (arguments.output == Output::json) {
    fmt::print("{}\n", encoding::to_json(json::object{{"certificates", all}}));
    return {};
  }
  if (all.empty()) fmt::print("No CA certificates are registered.\n");
  for (const json::value& one : all) {
    const json::object& ca = one.as_object();
    const json::object& description = ca.at("certificateDescription").as_object();
    const auto certificate = x509::Certificate::from_pem(text_of(description, "certificatePem"));
    fmt::print("{}  {}  \"{}\"\n    devices: auto-registration {}, activated by {}\n",
               text_of(description, "certificateId"), text_of(description, "status"),
               certificate ? certificate->subject().text() : "unreadable",
               text_of(description, "autoRegistrationStatus"), provisioned_by(ca));
  }
  return {};
}

void add_directory(CLI::App& verb, Arguments& arguments) {
  verb.add_option("DIR", arguments.directory, "Deployment directory")
      ->envname("IMPRINT_DATA")
      ->required();
  add_output(verb, arguments.output);
}

void set_run(CLI::App& verb, const std::shared_ptr<Arguments>& arguments, Run& run,
             Result<void> (*work)(const Arguments&)) {
  verb.callback([arguments, &run, work] {
    run = [arguments, work] {
      const auto done = work(*arguments);
      return done ? kDone : report(done.error());
    };
  });
}

}  // namespace

void add_ca(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* noun = app.add_subcommand(
      "ca",
      "Example:\n"
      "  imprint ca register /var/lib/imprint rootCA.pem --key rootCA.key --template Jitp\n"
      "  imprint ca list /var/lib/imprint\n"
      "\n"
      "CAs of your own: devices whose certificates they signed register when they first connect.");
  noun->require_subcommand(1);
  CLI::App* verb = noun->add_subcommand("register", kRegisterHelp);
  add_directory(*verb, *arguments);
  verb->add_option("CERTIFICATE", arguments->certificate, "The CA's certificate, PEM")->required();
  verb->add_option("--key", arguments->key, "Its private key, PEM; used once, here")
      ->option_text("FILE");
  verb->add_flag("--sni-only", arguments->sni_only, "Register without a proof of the key");
  verb->add_option("--template", arguments->template_name,
                   "Stored JITP template that provisions its devices")
      ->option_text("NAME");
  verb->add_option("--body", arguments->body, "A file with the body of such a template")
      ->option_text("FILE");
  verb->add_flag("--inactive", arguments->inactive, "Register it INACTIVE");
  verb->add_flag("--no-auto-registration", arguments->no_auto_registration,
                 "Do not register unknown devices");
  set_run(*verb, arguments, run, &register_ca);
  CLI::App* list_verb = noun->add_subcommand("list", kListHelp);
  add_directory(*list_verb, *arguments);
  set_run(*list_verb, arguments, run, &list);
}

}  // namespace imprint::tool
