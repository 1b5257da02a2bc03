// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>

#include "apps/imprint/verbs.h"
#include "base/clock.h"
#include "base/random.h"
#include "deployment/create.h"
#include "deployment/layout.h"
#include "encoding/json.h"

namespace imprint::tool {

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  imprint init /var/lib/imprint --endpoint iot.example.com --endpoint 192.0.2.10\n"
    "\n"
    "Makes a deployment: a directory with its own CAs, server certificate, operator credentials "
    "and\n"
    "a commented configuration. Never touches a directory that exists.";

struct Arguments {
  std::string directory;
  deployment::CreateOptions options;
  std::string key_algorithm = "ec-p256";
  Output output = Output::text;
};

std::string date(Timestamp time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                        std::chrono::floor<std::chrono::seconds>(time))));
}

void print_text(const std::string& directory, const deployment::Created& made) {
  const deployment::Layout at(directory);
  const auto line = [](const std::filesystem::path& path, const std::string& what) {
    fmt::print("  {:<36}  {}\n", path.string(), what);
  };
  fmt::print("Made the deployment {}\n\n", directory);
  line(at.trusted_root(), "what devices trust; SHA-256 " + made.root_fingerprint);
  line(at.ca_folder(), "CA certificates and keys; keep a backup of this folder");
  line(at.server_folder(),
       fmt::format("server certificates, EC and RSA, until {} for {}",
                   date(made.server_certificate_ends), fmt::join(made.server_names, ", ")));
  line(at.admin_credentials(), fmt::format("access key {} for the AWS CLI", made.access_key_id));
  line(at.config(), "configuration; every key has a default");
  fmt::print("\nNext:\n  imprintd {}\n", directory);
}

void print_json(const std::string& directory, const deployment::Created& made) {
  encoding::json::object out;
  out["directory"] = directory;
  out["rootCertificate"] = deployment::Layout(directory).trusted_root().string();
  out["rootFingerprint"] = made.root_fingerprint;
  out["accessKeyId"] = made.access_key_id;
  encoding::json::array names;
  for (const std::string& name : made.server_names) names.emplace_back(name);
  out["serverNames"] = std::move(names);
  out["serverCertificateEnds"] = date(made.server_certificate_ends);
  fmt::print("{}\n", encoding::to_json(out));
}

int run_init(const Arguments& arguments) {
  deployment::CreateOptions options = arguments.options;
  auto algorithm = x509::parse_key_algorithm(arguments.key_algorithm);
  if (!algorithm) return report(algorithm.error());
  options.key_algorithm = *algorithm;
  SystemRandom random;
  const auto made = deployment::create(arguments.directory, options, SystemClock(), random);
  if (!made) return report(made.error());
  if (arguments.output == Output::json) {
    print_json(arguments.directory, *made);
  } else {
    print_text(arguments.directory, *made);
  }
  return kDone;
}

}  // namespace

void add_init(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("init", kHelp);
  verb->add_option("DIR", arguments->directory, "Directory to make")->required();
  verb->add_option("--endpoint", arguments->options.endpoints,
                   "Host name or IP address that devices reach the server by; may be repeated")
      ->option_text("NAME");
  verb->add_option("--organization", arguments->options.organization,
                   "Organization in the CA names (default Imprint)")
      ->option_text("NAME");
  verb->add_option(
          "--key-algorithm", arguments->key_algorithm,
          "Keys of the CAs and the server: ec-p256, ec-p384, rsa-2048, rsa-3072 or rsa-4096 "
          "(default ec-p256)")
      ->option_text("ALGORITHM");
  add_output(*verb, arguments->output);
  verb->callback([arguments, &run] { run = [arguments] { return run_init(*arguments); }; });
}

}  // namespace imprint::tool
