// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "deployment/config.h"
#include "deployment/layout.h"
#include "server/store_guard.h"
#include "telemetry/log.h"

namespace imprint::server {

/// A running Imprint server: all its parts, constructed in order in wiring.cc, and its threads.
/// Owned by main().
class Server {
 public:
  /// Opens the store, loads keys, binds both listeners and starts to serve. On an error nothing is
  /// left running. Fault::conflict if the store of the deployment is lost, unless `beginning` is
  /// Beginning::anew.
  static Result<std::unique_ptr<Server>> start(const deployment::Layout& layout,
                                               const deployment::Config& config,
                                               telemetry::Log& log,
                                               Beginning beginning = Beginning::where_it_ended);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// As bound, so a port 0 has become a real one: "127.0.0.1:8883".
  [[nodiscard]] std::string mqtt_address() const;
  [[nodiscard]] std::string http_address() const;

  /// Reads the server certificate again and takes over `config` as far as a running server can:
  /// [certificates], [templates], [alarms] and what [limits] says of pending certificates and audit
  /// events. Other changes are named in the log and wait for the next start. Connections stay open.
  /// On an error everything stays as it was.
  Result<void> reload(const deployment::Config& config);

  /// Disconnects the clients, finishes work in progress, and ends all threads.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace imprint::server
