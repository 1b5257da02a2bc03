// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "control_api/http.h"
#include "runtime/executor.h"
#include "runtime/task.h"
#include "server/tls_context.h"
#include "telemetry/log.h"

namespace imprint::server {

/// The HTTPS listener: HTTP/1.1 with keep-alive on one thread of its own. Headers, bodies,
/// connections and every wait are bounded.
class HttpServer final : public runtime::Executor {
 public:
  using Handler = std::function<runtime::Task<control_api::HttpResponse>(control_api::HttpRequest)>;
  using Address = boost::asio::ip::tcp::endpoint;

  static Result<std::unique_ptr<HttpServer>> make(const ServerCredentials& credentials,
                                                  const Address& address, Handler handler,
                                                  telemetry::Log& log);
  ~HttpServer() override;

  [[nodiscard]] Address address() const { return address_; }

  /// Serves until stop(); the calling thread becomes the listener's.
  void run();
  /// After run(): what has been posted since then, on the calling thread. Tells how much that was.
  std::size_t run_leftovers();

  // From any thread.
  void post(std::function<void()> work) override;
  /// Runs `work` every `period`, the first time at once, until stop(). Call before run().
  void every(Milliseconds period, std::function<void()> work);
  void stop();
  /// Replaces the certificate for new connections.
  Result<void> use_credentials_of(const ServerCredentials& credentials);

 private:
  class Session;

  static Result<std::shared_ptr<boost::asio::ssl::context>> make_tls(
      const ServerCredentials& credentials);
  HttpServer(Handler handler, telemetry::Log& log);
  void accept_next();

  Handler handler_;
  telemetry::Log& log_;
  std::size_t sessions_ = 0;  // before the loop, whose end ends sessions
  boost::asio::io_context loop_{1};
  std::shared_ptr<boost::asio::ssl::context> tls_;
  boost::asio::ip::tcp::acceptor acceptor_{loop_};
  boost::asio::steady_timer retry_{loop_};
  Address address_;
};

}  // namespace imprint::server
