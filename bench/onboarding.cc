// SPDX-License-Identifier: Apache-2.0
// Measures the server's cost of onboarding, together with yardsticks measured at the same time.
#include <CLI/CLI.hpp>
#include <csignal>
#include <fmt/format.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/file.h"
#include "bench/cpu_time.h"
#include "bench/crypto_floor.h"
#include "bench/handshake.h"
#include "bench/must.h"
#include "bench/results.h"
#include "bench/servers.h"
#include "bench/watching.h"
#include "fleet/run.h"
#include "test/support/shell.h"

namespace imprint::bench {

namespace {

constexpr const char* kHelp =
    "Example:\n"
    "  onboarding_bench --quick\n"
    "\n"
    "Measures the server's CPU time for one device in each flow, beside two yardsticks taken in "
    "the\n"
    "same seconds: F, the bare P-256 operations the flow needs, and H, one mutual TLS handshake "
    "in\n"
    "memory; and beside bare mutual-TLS MQTT connections to imprintd and to mosquitto. Asserts\n"
    "nothing; prints medians and keeps every figure in a file.\n"
    "Exit code 0 when all devices of all runs succeeded, 1 otherwise, 2 for bad usage.";

struct Arguments {
  std::filesystem::path binaries;
  std::filesystem::path results = IMPRINT_SOURCE_DIR "/bench/results";
  std::filesystem::path mosquitto = "/usr/sbin/mosquitto";
  std::size_t devices = 3000;
  std::size_t concurrency = 64;
  unsigned repeats = 5;
  unsigned server_threads = std::max(1U, std::thread::hardware_concurrency());
  bool quick = false;
  bool micro = false;
};

/// The prefix of the serial numbers in the scenario "csr".
constexpr const char* kCsrPrefix = "csr-";

using RunOnce = std::function<Result<fleet::Report>(unsigned repeat)>;

struct Scenario {
  Series series;
  const Child& server;
  double (*floor)(const CryptoFloor&);
  RunOnce run;
};

/// Waits so that work after the last answer (commits, closing) is counted, too.
void wait_for_trailing_work() { std::this_thread::sleep_for(std::chrono::milliseconds(300)); }

Sample take_sample(const Scenario& scenario, const Pki& pki, unsigned repeat) {
  Sample out;
  out.floor_us = scenario.floor(CryptoFloor::measure());
  out.handshake_us = measure_handshake(pki);
  const CpuTime server_began = scenario.server.cpu_time();
  const auto threads_began = scenario.server.cpu_time_by_thread();
  const CpuTime client_began = process_cpu_time();
  out.report = must(scenario.run(repeat));
  wait_for_trailing_work();
  const auto devices = static_cast<double>(out.report.devices);
  out.server_cpu_us = to_microseconds(scenario.server.cpu_time() - server_began) / devices;
  out.client_cpu_us = to_microseconds(process_cpu_time() - client_began) / devices;
  for (const auto& [name, time] : scenario.server.cpu_time_by_thread()) {
    const auto before = threads_began.find(name);
    const CpuTime spent = before == threads_began.end() ? time : time - before->second;
    out.thread_us[name] = to_microseconds(spent) / devices;
  }
  return out;
}

class Bench {
 public:
  Bench(const Arguments& arguments, const test::ScratchFolder& folder)
      : arguments_(arguments),
        pki_(Pki::make()),
        imprintd_(arguments.binaries / "imprintd", folder.path(), arguments.server_threads) {
    if (std::filesystem::exists(arguments.mosquitto)) {
      mosquitto_.emplace(arguments.mosquitto, folder.path(), pki_);
    } else {
      fmt::print("{} does not exist, so it is not measured for comparison\n",
                 arguments.mosquitto.string());
    }
  }

  /// Returns whether every device succeeded.
  bool run() {
    std::vector<Scenario> scenarios = make_scenarios();
    bool all_succeeded = true;
    // Every round runs all scenarios, so that other load on the machine affects each alike.
    for (unsigned repeat = 0; repeat < arguments_.repeats; ++repeat) {
      for (Scenario& scenario : scenarios) {
        show_progress(fmt::format("  round {} of {}: {}", repeat + 1, arguments_.repeats,
                                  scenario.series.name));
        scenario.series.samples.push_back(take_sample(scenario, pki_, repeat));
        const fleet::Report& report = scenario.series.samples.back().report;
        if (report.failed() == 0) continue;
        all_succeeded = false;
        fmt::print("\n{}", fleet::to_text(report));
      }
    }
    show_progress("");
    for (Scenario& scenario : scenarios) done_.push_back(std::move(scenario.series));
    return all_succeeded;
  }

  [[nodiscard]] const std::vector<Series>& series() const { return done_; }

  /// The cost of the server's metrics and audit trail for one device.
  [[nodiscard]] WatchingCost watching() const {
    const Series& csr = *find("csr");
    const ChainCost chain = measure_chain(imprintd_.layout().audit(), kCsrPrefix);
    return {
        .events = chain.events,
        .metrics_us = measure_metrics(),
        .chain_us = chain.us,
        .archive_us = median(csr, [](const Sample& s) { return s.thread_us.at("audit-archive"); }),
        .onboarding_us = median(csr, [](const Sample& s) { return s.server_cpu_us; })};
  }

  /// The number of whole onboardings in the CPU time of one bare mosquitto connection.
  [[nodiscard]] std::optional<double> onboardings_per_mosquitto_connect() const {
    const Series* onboard = find("csr");
    const Series* mosquitto = find("mosquitto connect");
    if (onboard == nullptr || mosquitto == nullptr) return std::nullopt;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < onboard->samples.size(); ++i) {
      ratios.push_back(mosquitto->samples[i].server_cpu_us / onboard->samples[i].server_cpu_us);
    }
    return median(std::move(ratios));
  }

 private:
  /// One line on a terminal, rewritten in place; silent anywhere else.
  static void show_progress(const std::string& line) {
    if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\x1b[K{}", line);
  }

  std::vector<Scenario> make_scenarios() {
    std::vector<Scenario> out;
    out.push_back(onboarding("csr", "one connection: claim, CSR, RegisterThing", kCsrPrefix,
                             fleet::Flow::csr, false,
                             [](const CryptoFloor& f) { return f.csr_flow(); }));
    out.push_back(onboarding("csr + reconnect",
                             "the same, then a connection with the new certificate and a publish",
                             "reconnect-", fleet::Flow::csr, true,
                             [](const CryptoFloor& f) { return f.csr_flow_and_reconnect(); }));
    out.push_back(onboarding("keys", "one connection, P-256 key made by the server", "keys-",
                             fleet::Flow::keys, false,
                             [](const CryptoFloor& f) { return f.keys_flow(); }));
    out.push_back(echo("imprintd connect", imprintd_.process(), imprintd_.broker_load()));
    if (mosquitto_)
      out.push_back(echo("mosquitto connect", mosquitto_->process(), mosquitto_->load()));
    return out;
  }

  Scenario onboarding(const char* name, const char* about, const char* prefix, fleet::Flow flow,
                      bool reconnect, double (*floor)(const CryptoFloor&)) {
    return {{name, about}, imprintd_.process(), floor, [=, this](unsigned repeat) {
              fleet::Load load = imprintd_.claim_load();
              size(load);
              const fleet::Options options{
                  .load = std::move(load),
                  .template_name = must(TemplateName::parse(test::kFleetTemplate)),
                  .serial_prefix = prefix,
                  .first_serial = repeat * arguments_.devices,
                  .flow = flow,
                  .reconnect = reconnect};
              return fleet::run(options, clock_, random_, nullptr);
            }};
  }

  Scenario echo(const char* name, const Child& server, fleet::Load load) {
    size(load);
    return {{name, "one connection: CONNECT, SUBSCRIBE, PUBLISH and its echo, no provisioning"},
            server,
            [](const CryptoFloor& f) { return f.handshake(); },
            [this, load = std::move(load)](unsigned) {
              return fleet::run_echo(load, clock_, random_, nullptr);
            }};
  }

  void size(fleet::Load& load) const {
    load.devices = arguments_.devices;
    load.concurrency = arguments_.concurrency;
    load.tls_version = fleet::TlsVersion::v1_3;
  }

  [[nodiscard]] const Series* find(std::string_view name) const {
    const auto found = std::ranges::find(done_, name, &Series::name);
    return found == done_.end() ? nullptr : &*found;
  }

  const Arguments& arguments_;
  Pki pki_;
  SystemClock clock_;
  SystemRandom random_;
  Imprintd imprintd_;
  std::optional<Mosquitto> mosquitto_;
  std::vector<Series> done_;
};

std::filesystem::path write_results(const Bench& bench, const Arguments& arguments,
                                    const WatchingCost& watching, const std::string& command,
                                    encoding::json::object machine) {
  const std::string commit = describe_commit(IMPRINT_SOURCE_DIR);
  encoding::json::object out{{"date", today()},
                             {"commit", commit},
                             {"command", command},
                             {"machine", std::move(machine)},
                             {"devices", arguments.devices},
                             {"concurrency", arguments.concurrency},
                             {"serverThreads", arguments.server_threads},
                             {"repeats", arguments.repeats},
                             {"scenarios", to_json(bench.series())},
                             {"watching", to_json(watching)}};
  if (const auto ratio = bench.onboardings_per_mosquitto_connect())
    out["onboardingsPerMosquittoConnect"] = *ratio;
  std::filesystem::create_directories(arguments.results);
  const std::filesystem::path file = arguments.results / fmt::format("{}-{}.json", today(), commit);
  must(write_file_durably(file, 0644, encoding::to_json(out) + "\n"));
  return file;
}

/// Runs the modules' own benchmarks, which are in the same folder as this program.
void run_micro(const std::filesystem::path& binaries, const std::filesystem::path& self) {
  for (const auto& entry : std::filesystem::directory_iterator(binaries)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with("_bench") || entry.path() == self) continue;
    fmt::print("\n{}\n", name);
    std::fflush(stdout);
    const int status = std::system(entry.path().c_str());  // NOLINT: a path of our own build
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fmt::print("{} failed\n", name);
  }
}

int measure(const Arguments& arguments, const std::filesystem::path& self,
            const std::string& command) {
  std::signal(SIGPIPE, SIG_IGN);
  encoding::json::object machine = describe_machine();
  const test::ScratchFolder folder;
  Bench bench(arguments, folder);
  const bool all_succeeded = bench.run();
  fmt::print("{}", to_text(bench.series()));
  if (const auto ratio = bench.onboardings_per_mosquitto_connect()) {
    fmt::print("\nwhole csr onboardings in the CPU time of one bare mosquitto connection: {:.2f}\n",
               *ratio);
  }
  const WatchingCost watching = bench.watching();
  fmt::print("\n{}", to_text(watching));
  const auto file = write_results(bench, arguments, watching, command, std::move(machine));
  fmt::print("kept in {}\n", file.string());
  if (arguments.micro) run_micro(arguments.binaries, self);
  return all_succeeded ? 0 : 1;
}

}  // namespace

}  // namespace imprint::bench

int main(int argc, char** argv) {
  using namespace imprint::bench;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  Arguments arguments;
  arguments.binaries = self.parent_path();
  CLI::App app(kHelp, "onboarding_bench");
  app.add_flag("--quick", arguments.quick, "300 devices, 3 repeats");
  app.add_option("--devices", arguments.devices, "Devices per run (default 3000)")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--repeats", arguments.repeats, "Runs of each scenario (default 5)")
      ->check(CLI::Range(1, 100));
  app.add_option("--concurrency", arguments.concurrency, "Devices at the same time (default 64)")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--server-threads", arguments.server_threads,
                 "Shards of imprintd (default: one per core)")
      ->check(CLI::Range(1, 256));
  app.add_option("--binaries", arguments.binaries, "Folder of imprintd (default this program's)");
  app.add_option("--mosquitto", arguments.mosquitto, "The broker to compare with");
  app.add_option("--results", arguments.results, "Folder for the figures");
  app.add_flag("--micro", arguments.micro, "Run the modules' own benchmarks, too");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "onboarding_bench: {}; see --help\n", error.what());
    return 2;
  }
  if (arguments.quick) {
    arguments.devices = 300;
    arguments.repeats = 3;
  }
  std::string command = "onboarding_bench";
  for (int i = 1; i < argc; ++i) command += std::string(" ") + argv[i];
  try {
    return measure(arguments, self, command);
  } catch (const std::exception& error) {
    fmt::print(stderr, "onboarding_bench: {}\n", error.what());
    return 1;
  }
}
