// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "apps/imprint/access.h"
#include "apps/imprint/verbs.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "deployment/config.h"
#include "deployment/layout.h"
#include "encoding/json.h"
#include "encoding/text.h"
#include "fleet/run.h"

namespace imprint::tool {

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  imprint fleet /var/lib/imprint --devices 1000\n"
    "  imprint fleet --endpoint iot.example.com:8883 --claim ./claim --template Sensors\n"
    "\n"
    "Simulates a fleet: every device has its own serial number and key and goes, over mutual\n"
    "TLS and MQTT, from the claim certificate to an identity of its own, verifies what it was\n"
    "given, reconnects with it and publishes. Prints rates, latency percentiles for each\n"
    "step, and failures by cause. Each thread verifies the server's chain and name once and\n"
    "then expects the same certificate; everything else that a real device does is done for\n"
    "each device.\n"
    "Exit code 0 when every device succeeded, 1 otherwise, 2 for bad usage.";

constexpr std::size_t kMaxSmallFile = 64 * 1024;
/// File descriptors besides the devices' sockets: files, epoll, timers of each thread.
constexpr std::size_t kSpareDescriptors = 128;

struct Arguments {
  std::string directory;
  std::size_t devices = 1;
  std::string template_name;
  std::string claim;
  std::string endpoint;
  std::string root;
  std::size_t concurrency = 64;
  unsigned threads = 0;
  fleet::Flow flow = fleet::Flow::csr;
  std::string key = "ec-p256";
  bool reconnect = true;
  mqtt::Version mqtt_version = mqtt::Version::v5;
  fleet::TlsVersion tls_version = fleet::TlsVersion::any;
  fleet::Format format = fleet::Format::json;
  std::string serial_prefix;
  std::uint64_t first_serial = 1;
  std::string serial_parameter = "SerialNumber";
  std::vector<std::string> parameters;
  std::string publish = "device/{thingName}/hello";
  std::string timeout = "30s";
  unsigned retries = 0;
  std::string save_to;
  Output output = Output::text;
};

// ---- from arguments to options ----

/// The address imprintd listens on: as it wrote it when it started, or else as configured.
Result<fleet::Endpoint> find_endpoint(const deployment::Layout& layout) {
  TRY(expect_deployment(layout));
  const auto running = read_file(layout.run_file(), kMaxSmallFile);
  if (running) {
    const auto content = encoding::parse_json(*running);
    const auto* address =
        content && content->is_object() ? content->get_object().if_contains("mqtt") : nullptr;
    if (address != nullptr && address->is_string())
      return fleet::Endpoint::parse(std::string(address->get_string()));
  }
  TRY_ASSIGN(const deployment::Config config, deployment::Config::load(layout.config()));
  return fleet::Endpoint::parse(config.listen.mqtt.text());
}

/// A server that listens on all addresses is reached through loopback.
fleet::Endpoint reachable(fleet::Endpoint endpoint) {
  if (endpoint.host == "0.0.0.0") endpoint.host = "127.0.0.1";
  if (endpoint.host == "::") endpoint.host = "::1";
  return endpoint;
}

/// The name of the only folder below DIR/claims, if there is exactly one.
Result<std::string> only_template(const deployment::Layout& layout) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(layout.directory() / "claims", ignored))
    names.push_back(entry.path().filename().string());
  if (names.size() == 1) return names.front();
  return fail(Fault::invalid, "--template is missing, and {} holds {} claims; name the template",
              (layout.directory() / "claims").string(), names.size());
}

Result<std::map<std::string, std::string>> read_parameters(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> out = {{"FirmwareVersion", "1.0.0"}};
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Fault::invalid, "--parameter {}: write NAME=VALUE", quote(text));
    out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return out;
}

/// Serial numbers of one run must be new to the server, unless the user chooses otherwise.
std::string fresh_prefix(Random& random) {
  std::array<std::uint8_t, 3> chance{};
  random.fill(chance);
  return "sim-" + encoding::to_hex(chance) + "-";
}

Result<void> make_room_for(std::size_t concurrency) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < concurrency + kSpareDescriptors) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= concurrency + kSpareDescriptors) return {};
  return fail(Fault::invalid,
              "--concurrency {} needs {} open files and the limit is {}; raise it with ulimit -n",
              concurrency, concurrency + kSpareDescriptors, limit.rlim_cur);
}

Result<fleet::Endpoint> choose_endpoint(const Arguments& arguments) {
  if (!arguments.endpoint.empty()) return fleet::Endpoint::parse(arguments.endpoint);
  if (arguments.directory.empty())
    return fail(Fault::invalid, "neither DIR nor --endpoint says where the server is");
  TRY_ASSIGN(fleet::Endpoint found, find_endpoint(deployment::Layout(arguments.directory)));
  return reachable(std::move(found));
}

Result<fleet::Options> to_options(const Arguments& arguments, Random& random) {
  const deployment::Layout layout(arguments.directory);
  TRY_ASSIGN(fleet::Endpoint endpoint, choose_endpoint(arguments));
  std::string name = arguments.template_name;
  if (name.empty()) {
    TRY_ASSIGN(name, only_template(layout));
  }
  TRY_ASSIGN(TemplateName template_name, TemplateName::parse(name));
  std::filesystem::path claim = arguments.claim;
  if (claim.empty()) claim = layout.directory() / "claims" / name;
  TRY_ASSIGN(fleet::ClaimBundle bundle, fleet::ClaimBundle::load(claim, arguments.root));
  TRY_ASSIGN(const Seconds timeout, deployment::parse_duration(arguments.timeout));
  TRY_ASSIGN(const x509::KeyAlgorithm key, x509::parse_key_algorithm(arguments.key));
  TRY_ASSIGN(auto parameters, read_parameters(arguments.parameters));
  TRY(make_room_for(arguments.concurrency));
  const unsigned half_of_cores = std::max(1U, std::thread::hardware_concurrency() / 2);
  fleet::Options out{.load = {.endpoint = std::move(endpoint),
                              .identity = std::move(bundle.claim),
                              .roots = std::move(bundle.roots),
                              .devices = arguments.devices,
                              .concurrency = arguments.concurrency,
                              .threads = arguments.threads == 0 ? half_of_cores : arguments.threads,
                              .mqtt_version = arguments.mqtt_version,
                              .tls_version = arguments.tls_version,
                              .timeout = timeout},
                     .template_name = std::move(template_name),
                     .serial_prefix = arguments.serial_prefix.empty() ? fresh_prefix(random)
                                                                      : arguments.serial_prefix,
                     .first_serial = arguments.first_serial,
                     .flow = arguments.flow,
                     .key = key,
                     .format = arguments.format,
                     .serial_parameter = arguments.serial_parameter,
                     .parameters = std::move(parameters),
                     .reconnect = arguments.reconnect,
                     .publish_topic = arguments.publish,
                     .retries = arguments.retries};
  const auto issuing = read_file(layout.issuing_certificate(), kMaxSmallFile);
  if (!arguments.directory.empty() && issuing) {
    TRY_ASSIGN(x509::Certificate issuer, x509::Certificate::from_pem(*issuing));
    out.issuers.push_back(std::move(issuer));
  }
  if (!arguments.save_to.empty()) {
    std::error_code error;
    std::filesystem::create_directories(arguments.save_to, error);
    if (error) return fail(Fault::invalid, "--save-to {}: {}", arguments.save_to, error.message());
    out.save_to = arguments.save_to;
  }
  return out;
}

// ---- running and reporting ----

/// One line on a terminal, rewritten in place; silent anywhere else.
class ProgressLine final : public fleet::ProgressSink {
 public:
  ~ProgressLine() override {
    if (is_shown_) fmt::print(stderr, "\r\x1b[K");
  }

  void update(const fleet::Progress& progress) override {
    if (!is_terminal_) return;
    is_shown_ = true;
    const std::size_t done = progress.succeeded + progress.failed;
    const std::size_t filled = done * kWidth / progress.devices;
    const double seconds = std::chrono::duration<double>(progress.elapsed).count();
    fmt::print(stderr, "\r\x1b[K[{:-<{}}] {}/{}  {:.0f}/s  {} failed", std::string(filled, '#'),
               kWidth, done, progress.devices,
               seconds > 0 ? static_cast<double>(done) / seconds : 0.0, progress.failed);
    std::fflush(stderr);
  }

 private:
  static constexpr std::size_t kWidth = 30;
  const bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool is_shown_ = false;
};

Result<fleet::Report> run_with_progress(const fleet::Options& options, Random& random) {
  ProgressLine line;
  return fleet::run(options, SystemClock(), random, &line);
}

int run_fleet(const Arguments& arguments) {
  SystemRandom random;
  const auto options = to_options(arguments, random);
  if (!options) return report_of_files(options.error());
  const auto done = run_with_progress(*options, random);
  if (!done) return report(done.error());
  if (arguments.output == Output::json) {
    encoding::json::object out = to_json_object(*done);
    out["template"] = options->template_name.str();
    out["serialPrefix"] = options->serial_prefix;
    fmt::print("{}\n", encoding::to_json(out));
  } else {
    fmt::print("{}", to_text(*done));
  }
  return done->failed() == 0 ? kDone : kFailed;
}

template <class T>
void add_choice(CLI::App& verb, const std::string& flag, T& target,
                const std::map<std::string, T>& words, const std::string& help,
                const std::string& shown) {
  verb.add_option(flag, target, help)->transform(CLI::Transformer(words))->option_text(shown);
}

void add_device_options(CLI::App& verb, Arguments& a) {
  using fleet::Flow;
  using fleet::Format;
  using fleet::TlsVersion;
  add_choice<Flow>(verb, "--flow", a.flow, {{"csr", Flow::csr}, {"keys", Flow::keys}},
                   "Who makes the keys: the device (csr) or the server (keys) (default csr)",
                   "csr|keys");
  verb.add_option("--key", a.key, "Algorithm of the key that a device makes (default ec-p256)")
      ->option_text("ec-p256|rsa-2048|...");
  add_choice<mqtt::Version>(verb, "--mqtt-version", a.mqtt_version,
                            {{"3.1.1", mqtt::Version::v3_1_1}, {"5", mqtt::Version::v5}},
                            "MQTT version (default 5)", "3.1.1|5");
  add_choice<TlsVersion>(verb, "--tls-version", a.tls_version,
                         {{"1.2", TlsVersion::v1_2}, {"1.3", TlsVersion::v1_3}},
                         "TLS version (default: the newest that both support)", "1.2|1.3");
  add_choice<Format>(verb, "--format", a.format, {{"json", Format::json}, {"cbor", Format::cbor}},
                     "Payload format (default json)", "json|cbor");
  verb.add_option("--serial-prefix", a.serial_prefix,
                  "Prefix of the serial numbers (default sim- and six random digits)")
      ->option_text("TEXT");
  verb.add_option("--first-serial", a.first_serial,
                  "Number of the first device, written after the prefix (default 1)")
      ->option_text("N");
  verb.add_option("--serial-parameter", a.serial_parameter,
                  "Template parameter that takes the serial number (default SerialNumber)")
      ->option_text("NAME");
  verb.add_option("--parameter", a.parameters,
                  "Template parameter; may be repeated (default FirmwareVersion=1.0.0)")
      ->option_text("NAME=VALUE");
  verb.add_flag("--reconnect,!--no-reconnect", a.reconnect,
                "Connect with the new certificate and publish (default on)");
  verb.add_option("--publish", a.publish,
                  "Topic of that message (default device/{thingName}/hello)")
      ->option_text("TOPIC");
}

}  // namespace

void add_fleet(CLI::App& app, Run& run) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("fleet", kHelp);
  verb->add_option("DIR", a.directory, "Deployment directory; not needed with --endpoint");
  verb->add_option("--devices", a.devices, "How many devices (default 1)")
      ->check(CLI::Range(1, 100'000'000))
      ->option_text("N");
  verb->add_option("--template", a.template_name,
                   "Provisioning template (default the only one below DIR/claims)")
      ->option_text("NAME");
  verb->add_option("--claim", a.claim,
                   "Folder that imprint claim create made (default DIR/claims/NAME)")
      ->option_text("FOLDER");
  verb->add_option("--endpoint", a.endpoint, "The server, if it is not the one of DIR")
      ->option_text("HOST:PORT");
  verb->add_option("--ca", a.root, "Root CA to trust (default root-ca.pem in the claim folder)")
      ->option_text("FILE");
  verb->add_option("--concurrency", a.concurrency, "Devices at the same time (default 64)")
      ->check(CLI::Range(1, 100'000))
      ->option_text("C");
  verb->add_option("--threads", a.threads, "Threads (default half of the cores)")
      ->check(CLI::Range(1, 256))
      ->option_text("T");
  add_device_options(*verb, a);
  verb->add_option("--timeout", a.timeout, "Longest wait for one answer (default 30s)")
      ->option_text("DURATION");
  verb->add_option("--retries", a.retries,
                   "Retries of failures that may be temporary, with back-off (default 0)")
      ->option_text("N");
  verb->add_option("--save-to", a.save_to,
                   "Folder for each device's certificate and key (default not kept)")
      ->option_text("FOLDER");
  add_output(*verb, a.output);
  verb->callback([arguments, &run] { run = [arguments] { return run_fleet(*arguments); }; });
}

}  // namespace imprint::tool
