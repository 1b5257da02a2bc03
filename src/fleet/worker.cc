// SPDX-License-Identifier: Apache-2.0
#include "fleet/worker.h"

#include <boost/asio/post.hpp>
#include <csignal>

namespace imprint::fleet {

namespace {

/// The maximum on AWS, and longer than any wait, so that no PINGREQ is needed.
constexpr std::uint16_t kKeepAliveSeconds = 1200;
static_assert(Seconds(kKeepAliveSeconds) > Load::kMaxTimeout);

/// OpenSSL writes without MSG_NOSIGNAL; when a server hangs up, the write must return EPIPE rather
/// than raise SIGPIPE.
void block_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

Worker::Worker(const Load& load, const Share& share, const boost::asio::ip::tcp::endpoint& server,
               const Clock& clock, Random& random, ClientTls tls, Login login)
    : load_(load),
      clock_(clock),
      random_(random),
      share_(share),
      next_(share.first),
      tls_(std::move(tls)),
      login_(std::move(login)),
      context_{loop_, tls_, clock, server, load.timeout} {}

Result<std::unique_ptr<Worker>> Worker::make(const Load& load, const Share& share,
                                             const boost::asio::ip::tcp::endpoint& server,
                                             const Clock& clock, Random& random) {
  TRY_ASSIGN(ClientTls tls, ClientTls::make(load));
  TRY_ASSIGN(Login login, Login::make(*load.identity));
  return std::unique_ptr<Worker>(
      new Worker(load, share, server, clock, random, std::move(tls), std::move(login)));
}

void Worker::run(const Script& script) {
  block_pipe_signal();
  for (std::size_t i = 0; i < share_.concurrency; ++i) {
    boost::asio::post(loop_, [this, &script] { runtime::start(play(script)); });
  }
  loop_.run();
}

runtime::Task<void> Worker::play(const Script& script) {
  while (next_ < share_.end) {
    const std::uint64_t index = next_;
    next_ += share_.stride;
    Outcome outcome = co_await script(*this, index);
    ++(outcome.failure ? failed_ : succeeded_);
    tally_.add(std::move(outcome));
  }
}

mqtt::ConnectOptions Worker::connect_options(std::string client_id) const {
  return {.version = load_.mqtt_version,
          .client_id = std::move(client_id),
          .keep_alive_seconds = kKeepAliveSeconds};
}

runtime::Task<void> Worker::sleep(Milliseconds time) {
  struct Sleep {
    boost::asio::steady_timer& timer;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> sleeper) const {
      timer.async_wait([sleeper](const boost::system::error_code&) { sleeper.resume(); });
    }
    void await_resume() const noexcept {}
  };
  boost::asio::steady_timer timer(loop_, time);
  co_await Sleep{timer};
}

}  // namespace imprint::fleet
