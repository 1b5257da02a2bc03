// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <memory>

#include "deployment/config.h"
#include "server/server.h"
#include "test/support/fleet_deployment.h"
#include "test/support/quiet_log.h"
#include "test/support/shell.h"

namespace imprint::test {

/// A deployment with a server in this process, for tests of the operator's tool.
class ServingDeployment {
 public:
  explicit ServingDeployment(const std::string& directory) : deployment_(directory) {
    std::signal(SIGPIPE, SIG_IGN);  // as imprintd's main() does
    start();
  }
  /// Starts a server on the existing deployment.
  void start() {
    auto config = must(deployment::Config::load(layout().config()));
    config.listen.mqtt = {"127.0.0.1", 0};
    config.listen.http = {"127.0.0.1", 0};
    server_ = must(server::Server::start(layout(), config, log_));
    spill(layout().run_file(), "{\"mqtt\":\"" + server_->mqtt_address() + "\",\"http\":\"https://" +
                                   server_->http_address() + "\"}");
  }
  void stop() {
    server_.reset();
    std::filesystem::remove(layout().run_file());
  }
  [[nodiscard]] const deployment::Layout& layout() const { return deployment_.layout(); }

 private:
  FleetDeployment deployment_;
  telemetry::Log log_ = quiet_log();
  std::unique_ptr<server::Server> server_;
};

}  // namespace imprint::test
