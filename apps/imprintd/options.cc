// SPDX-License-Identifier: Apache-2.0
#include "apps/imprintd/options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace imprint::imprintd {

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  imprint init /var/lib/imprint\n"
    "  imprintd /var/lib/imprint --mqtt 0.0.0.0:8883\n"
    "\n"
    "Serves an Imprint deployment: device provisioning over MQTT and the AWS IoT API over\n"
    "HTTPS. Prints one line on stdout when it is ready; logs go to stderr. SIGTERM drains and\n"
    "stops it; SIGHUP reloads certificates and configuration, as far as a running server can;\n"
    "the log names the settings that need a restart.\n"
    "Exit codes: 0 stopped as asked, 1 failed, 2 bad usage or configuration (also when a file\n"
    "named there does not exist).";

telemetry::Level to_level(const std::string& text) {
  if (text == "debug") return telemetry::Level::debug;
  if (text == "warning") return telemetry::Level::warning;
  if (text == "error") return telemetry::Level::error;
  return telemetry::Level::info;
}

}  // namespace

Result<Options> read_options(int argc, const char* const* argv) {
  std::string directory;
  std::string mqtt;
  std::string http;
  std::string log_format;
  std::string log_level;
  unsigned threads = 0;
  bool begin_anew = false;
  CLI::App app(kHelp, "imprintd");
  app.add_option("DIR", directory, "the deployment directory that imprint init made")->required();
  app.add_option("--mqtt", mqtt,
                 "ADDRESS:PORT for devices; port 0 picks a free one (default 127.0.0.1:8883)");
  app.add_option("--http", http, "ADDRESS:PORT for the API (default 127.0.0.1:8443)");
  app.add_option("--threads", threads, "number of shards (default: one per core)")
      ->check(CLI::Range(1, 256));
  app.add_option("--log-format", log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_option("--log-level", log_level, "lowest level that is logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_flag("--begin-anew", begin_anew,
               "serve a deployment that has lost its store: with an empty registry if there is "
               "none, or from an older copy of the store (what was revoked since must be "
               "revoked again; the log names it). The old audit archive keeps its events under "
               "another name. Refused when nothing is lost");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    app.exit(help);
    return Options{.layout = deployment::Layout(""), .config = {}, .only_help = true};
  } catch (const CLI::ParseError& error) {
    return fail(Fault::invalid, "{}; see imprintd --help", error.what());
  }
  Options options{.layout = deployment::Layout(directory), .config = {}};
  TRY_ASSIGN(options.config, deployment::Config::load(options.layout.config()));
  if (!mqtt.empty()) {
    TRY_ASSIGN(options.config.listen.mqtt, deployment::ListenAddress::parse(mqtt));
  }
  if (!http.empty()) {
    TRY_ASSIGN(options.config.listen.http, deployment::ListenAddress::parse(http));
  }
  if (begin_anew) options.beginning = server::Beginning::anew;
  if (threads > 0) options.config.listen.threads = threads;
  const bool json = log_format.empty() ? options.config.log.format == deployment::LogFormat::json
                                       : log_format == "json";
  options.log_format = json ? telemetry::LogFormat::json : telemetry::LogFormat::text;
  options.log_level = to_level(log_level.empty() ? options.config.log.level : log_level);
  return options;
}

}  // namespace imprint::imprintd
