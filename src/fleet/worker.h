// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/random.h"
#include "fleet/link.h"
#include "fleet/report.h"
#include "fleet/tls.h"
#include "runtime/task.h"

namespace imprint::fleet {

class Worker;

/// Simulates one device from start to end. Called on the worker's thread, which outlives the task.
using Script = std::function<runtime::Task<Outcome>(Worker&, std::uint64_t index)>;

/// The devices that a worker simulates: first, first + stride, ... below `end`.
struct Share {
  std::uint64_t first = 0;
  std::uint64_t stride = 1;
  std::uint64_t end = 0;
  std::size_t concurrency = 1;
};

/// One thread of a load, with everything that its devices need: event loop, TLS context, tally. It
/// shares only immutable data with other threads, and two counters for the progress display.
class Worker {
 public:
  static Result<std::unique_ptr<Worker>> make(const Load& load, const Share& share,
                                              const boost::asio::ip::tcp::endpoint& server,
                                              const Clock& clock, Random& random);

  /// Simulates the worker's share of devices; the calling thread becomes the worker's.
  void run(const Script& script);
  /// Call after run().
  Tally take_tally() { return std::move(tally_); }

  // These may be called from any thread.
  [[nodiscard]] std::size_t succeeded() const { return succeeded_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }

  // These are for scripts.
  [[nodiscard]] const Load& load() const { return load_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Random& random() const { return random_; }
  [[nodiscard]] const ClientTls& tls() const { return tls_; }
  [[nodiscard]] const Login& first_login() const { return login_; }
  [[nodiscard]] OpenLink make_link() const { return OpenLink(context_); }
  [[nodiscard]] mqtt::ConnectOptions connect_options(std::string client_id) const;
  runtime::Task<void> sleep(Milliseconds time);

 private:
  Worker(const Load& load, const Share& share, const boost::asio::ip::tcp::endpoint& server,
         const Clock& clock, Random& random, ClientTls tls, Login login);
  runtime::Task<void> play(const Script& script);

  const Load& load_;
  const Clock& clock_;
  Random& random_;
  const Share share_;
  std::uint64_t next_;
  boost::asio::io_context loop_{1};
  ClientTls tls_;
  Login login_;
  LinkContext context_;
  Tally tally_;
  std::atomic<std::size_t> succeeded_ = 0;
  std::atomic<std::size_t> failed_ = 0;
};

/// Runs one part of a script, records its duration, and names the step in its failure.
template <class T>
runtime::Task<Attempt<T>> timed(const Clock& clock, Outcome& outcome, Step step,
                                runtime::Task<Attempt<T>> work) {
  const Monotonic began = clock.monotonic();
  Attempt<T> result = co_await std::move(work);
  if (result) {
    outcome.steps[static_cast<std::size_t>(step)] = clock.monotonic() - began;
  } else {
    result.error().step = step;
  }
  co_return result;
}

}  // namespace imprint::fleet
