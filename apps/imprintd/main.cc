// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "apps/imprintd/options.h"
#include "apps/imprintd/run_file.h"
#include "server/server.h"

namespace {

constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

int report_error(const imprint::Error& error, int code) {
  fmt::print(stderr, "imprintd: {}\n", imprint::describe(error));
  return code;
}

/// Every thread inherits the mask, so the signals wait for sigwait() here.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// Keys are in this process's memory: no core file, and no reading by another process of the same
/// user.
void keep_memory_private() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

/// Reads the command line and imprint.toml again, and applies them.
imprint::Result<void> reload(imprint::server::Server& server, int argc, char** argv,
                             imprint::telemetry::Log& log) {
  TRY_ASSIGN(const imprint::imprintd::Options options, imprint::imprintd::read_options(argc, argv));
  TRY(server.reload(options.config));
  log.use_level(options.log_level);
  return {};
}

void serve_until_signal(imprint::server::Server& server, const sigset_t& signals, int argc,
                        char** argv, imprint::telemetry::Log& log) {
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) {
    const auto reloaded = reload(server, argc, argv, log);
    if (reloaded) {
      log.info("reloaded configuration and server certificate");
    } else {
      log.error("kept the previous configuration and server certificate",
                {{"because", imprint::describe(reloaded.error())}});
    }
  }
  log.info("stopping");
  server.stop();
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = imprint::imprintd::read_options(argc, argv);
  if (!options) return report_error(options.error(), kBadUsage);
  if (options->only_help) return 0;
  keep_memory_private();
  const sigset_t signals = block_signals();
  const imprint::SystemClock clock;
  imprint::telemetry::Log log(options->log_format, options->log_level, clock);
  auto server =
      imprint::server::Server::start(options->layout, options->config, log, options->beginning);
  if (!server)
    return report_error(server.error(),
                        server.error().fault == imprint::Fault::invalid ? kBadUsage : kFailed);
  const imprint::imprintd::RunFile run_file(options->layout.run_file(), (*server)->mqtt_address(),
                                            (*server)->http_address());
  fmt::print("imprintd ready mqtt={} http=https://{} pid={}\n", (*server)->mqtt_address(),
             (*server)->http_address(), getpid());
  std::fflush(stdout);
  serve_until_signal(**server, signals, argc, argv, log);
  return 0;
}
