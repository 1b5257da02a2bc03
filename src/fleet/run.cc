// SPDX-License-Identifier: Apache-2.0
#include "fleet/run.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "fleet/chain_check.h"
#include "fleet/onboarding.h"
#include "fleet/worker.h"

namespace imprint::fleet {

namespace {

using boost::asio::ip::tcp;
using runtime::Task;

constexpr auto kProgressPeriod = std::chrono::milliseconds(100);
constexpr std::size_t kMaxConcurrency = 100'000;
constexpr unsigned kMaxThreads = 256;

Result<void> check(const Load& load) {
  if (load.devices == 0) return fail(Fault::invalid, "no devices; use at least one");
  if (load.concurrency == 0 || load.concurrency > kMaxConcurrency) {
    return fail(Fault::invalid, "a concurrency of {} is not possible; use 1 to {}",
                load.concurrency, kMaxConcurrency);
  }
  if (load.threads == 0 || load.threads > kMaxThreads)
    return fail(Fault::invalid, "{} threads are not possible; use 1 to {}", load.threads,
                kMaxThreads);
  if (load.timeout <= Milliseconds(0) || load.timeout > Load::kMaxTimeout)
    return fail(Fault::invalid, "a timeout of {} ms is not possible; use 1 to {}",
                load.timeout.count(), Load::kMaxTimeout.count());
  return {};
}

/// The first address of the endpoint that accepts a connection: an unreachable server is reported
/// as one error, not ten thousand.
Result<tcp::endpoint> find_server(const Endpoint& endpoint) {
  boost::asio::io_context loop;
  boost::system::error_code error;
  const auto addresses = tcp::resolver(loop).resolve(endpoint.host, std::to_string(endpoint.port),
                                                     tcp::resolver::numeric_service, error);
  if (error) {
    return fail(Fault::unavailable, "the host {} cannot be resolved: {}", quote(endpoint.host),
                error.message());
  }
  tcp::socket socket(loop);
  const tcp::endpoint found = boost::asio::connect(socket, addresses, error);
  if (error) {
    return fail(Fault::unavailable, "cannot connect to {}: {}; is imprintd running?",
                endpoint.text(), error.message());
  }
  return found;
}

Result<std::vector<std::unique_ptr<Worker>>> make_workers(const Load& load, const Clock& clock,
                                                          Random& random) {
  TRY_ASSIGN(const tcp::endpoint server, find_server(load.endpoint));
  const std::size_t count = std::min({std::size_t{load.threads}, load.concurrency, load.devices});
  std::vector<std::unique_ptr<Worker>> out;
  for (std::size_t i = 0; i < count; ++i) {
    const Share share{.first = i,
                      .stride = count,
                      .end = load.devices,
                      .concurrency = load.concurrency / count + (i < load.concurrency % count)};
    TRY_ASSIGN(std::unique_ptr<Worker> worker, Worker::make(load, share, server, clock, random));
    out.push_back(std::move(worker));
  }
  return out;
}

/// Reports progress to the sink until all threads have ended.
class Watch {
 public:
  Watch(const std::vector<std::unique_ptr<Worker>>& workers, const Load& load, const Clock& clock,
        ProgressSink* sink)
      : workers_(workers),
        load_(load),
        clock_(clock),
        sink_(sink),
        began_(clock.monotonic()),
        running_(workers.size()) {}

  void thread_ended() {
    const std::scoped_lock lock(mutex_);
    --running_;
    changed_.notify_one();
  }

  void until_all_ended() {
    std::unique_lock lock(mutex_);
    while (running_ > 0) {
      changed_.wait_for(lock, kProgressPeriod, [&] { return running_ == 0; });
      report_progress();
    }
  }

  [[nodiscard]] Duration elapsed() const { return clock_.monotonic() - began_; }

 private:
  void report_progress() {
    if (sink_ == nullptr) return;
    Progress progress{.devices = load_.devices, .elapsed = elapsed()};
    for (const auto& worker : workers_) {
      progress.succeeded += worker->succeeded();
      progress.failed += worker->failed();
    }
    sink_->update(progress);
  }

  const std::vector<std::unique_ptr<Worker>>& workers_;
  const Load& load_;
  const Clock& clock_;
  ProgressSink* sink_;
  const Monotonic began_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t running_;
};

/// Runs one script per worker.
Report play(const std::vector<std::unique_ptr<Worker>>& workers, const std::vector<Script>& scripts,
            const Load& load, const Clock& clock, ProgressSink* sink) {
  Watch watch(workers, load, clock, sink);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    threads.emplace_back([&, i] {
      workers[i]->run(scripts[i]);
      watch.thread_ended();
    });
  }
  watch.until_all_ended();
  for (std::thread& thread : threads) thread.join();
  const Duration elapsed = watch.elapsed();
  Tally tally;
  for (const auto& worker : workers) tally.merge(worker->take_tally());
  return std::move(tally).report(elapsed);
}

Task<Attempt<void>> echo(Worker& worker, Outcome& outcome, std::string client_id) {
  const std::string topic = "echo/" + client_id;
  const OpenLink link = worker.make_link();
  const Clock& clock = worker.clock();
  CO_TRY(co_await timed(clock, outcome, Step::connect,
                        link->open(worker.first_login(), worker.connect_options(client_id))));
  CO_TRY(co_await timed(clock, outcome, Step::subscribe, link->subscribe({topic})));
  CO_TRY(co_await timed(clock, outcome, Step::publish,
                        link->call({.topic = topic, .payload = Bytes(64, '.')}, {topic})));
  co_return Attempt<void>();
}

Task<Outcome> echo_once(Worker& worker, std::uint64_t index) {
  Outcome outcome{.device = fmt::format("echo-{}", index)};
  const Monotonic began = worker.clock().monotonic();
  Attempt<void> result = co_await echo(worker, outcome, outcome.device);
  if (!result) outcome.failure = std::move(result).error();
  outcome.total = worker.clock().monotonic() - began;
  co_return outcome;
}

}  // namespace

Result<Report> run(const Options& options, const Clock& clock, Random& random, ProgressSink* sink) {
  TRY(check(options.load));
  TRY_ASSIGN(const auto workers, make_workers(options.load, clock, random));
  TRY_ASSIGN(const ChainCheck chain, ChainCheck::make(options.load.roots, options.issuers));
  std::vector<ChainCheck> chains(
      workers.size(), chain);  // one per thread, since each caches the CAs that it has verified
  std::vector<Script> scripts;
  for (ChainCheck& own : chains) {
    scripts.emplace_back([&options, &own](Worker& worker, std::uint64_t index) {
      return onboard(options, own, worker, index);
    });
  }
  return play(workers, scripts, options.load, clock, sink);
}

Result<Report> run_echo(const Load& load, const Clock& clock, Random& random, ProgressSink* sink) {
  TRY(check(load));
  TRY_ASSIGN(const auto workers, make_workers(load, clock, random));
  const std::vector<Script> scripts(workers.size(), Script(&echo_once));
  return play(workers, scripts, load, clock, sink);
}

}  // namespace imprint::fleet
