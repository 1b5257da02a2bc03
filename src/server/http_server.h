// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "rest/http.h"
#include "runtime/executor.h"
#include "runtime/task.h"
#include "server/slots.h"
#include "server/tls_context.h"
#include "telemetry/log.h"

namespace imprint::server {

/// The HTTPS listener: HTTP/1.1 with keep-alive on one thread of its own. Headers, bodies,
/// connections and every wait are bounded. Clients that have not authenticated get only a small
/// share; within each share, the payer with the most connections (an address or an access key)
/// gives way first.
class HttpServer final : public runtime::Executor {
 public:
  struct Handlers {
    std::function<runtime::Task<rest::HttpResponse>(rest::HttpRequest)> answer;
    /// The access key id in the headers if it belongs to an operator; called before a body is read.
    std::function<std::optional<std::string>(const rest::HttpRequest&)> named_key;
    /// Called when a device speaks MQTT at this port by mistake.
    std::function<void(const std::string& source_ip)> speaks_mqtt;
  };
  using Address = boost::asio::ip::tcp::endpoint;

  static Result<std::unique_ptr<HttpServer>> make(const ServerCredentials& credentials,
                                                  const Address& address, Handlers handlers,
                                                  std::size_t most_connections,
                                                  telemetry::Log& log);
  ~HttpServer() override;

  [[nodiscard]] Address address() const { return address_; }

  /// Serves until stop(); the calling thread becomes the listener's.
  void run();
  /// After run(): runs what has been posted since, on the calling thread. Returns the number of
  /// tasks run.
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
  HttpServer(Handlers handlers, std::size_t most_connections, telemetry::Log& log);
  void accept_next();
  void make_room(Slots& places);
  [[nodiscard]] bool has_room() const {
    return unauthenticated_.taken() + operators_.taken() < most_connections_;
  }

  Handlers handlers_;
  telemetry::Log& log_;
  // Declared before the loop, whose destructor ends sessions.
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Session*> sessions_;
  const std::size_t most_connections_;
  Slots unauthenticated_;  ///< connections of unauthenticated clients, by address
  Slots operators_;        ///< connections of operators, by access key
  Slots long_bodies_;      ///< requests with long bodies that are being read (idle) or answered
  boost::asio::io_context loop_{1};
  std::shared_ptr<boost::asio::ssl::context> tls_;
  boost::asio::ip::tcp::acceptor acceptor_{loop_};
  boost::asio::steady_timer retry_{loop_};
  Address address_;
};

}  // namespace imprint::server
