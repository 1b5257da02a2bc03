// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "hooks/options.h"
#include "hooks/verdict.h"
#include "telemetry/log.h"

namespace imprint::outbound {
class WebClient;
}

namespace imprint::hooks {

/// An event to deliver to a handler.
struct Invocation {
  std::uint64_t number = 0;  ///< unique among the invocations under way, across all hooks
  std::string request_id = {};
  std::string arn = {};
  std::shared_ptr<const std::string> event = {};  ///< JSON, one line
  Timestamp deadline = {};
};

/// The result of a delivery.
struct Delivery {
  Reply reply = {};
  /// No handler has seen it, so it may be sent again.
  bool undelivered = false;
};
inline Delivery undelivered(std::string because) {
  return {{.kind = Reply::Kind::failed, .because = std::move(because)}, true};
}
inline Delivery failed_delivery(std::string because) {
  return {{.kind = Reply::Kind::failed, .because = std::move(because)}, false};
}

/// Carries events to handlers and returns their answers, over one transport. Lives on the thread of
/// Hooks. It does not measure time: its Gate does, and cancels.
class Carrier {
 public:
  using Done = std::function<void(Delivery)>;

  virtual ~Carrier() = default;
  /// `done` is called once, unless cancel() comes first: from any thread, also from within send().
  virtual void send(Invocation invocation, Done done) = 0;
  /// Forgets an invocation that was sent, and returns what it was waiting for.
  virtual std::string cancel(std::uint64_t number) = 0;
  /// How long this invocation, which was sent, has waited for its handler to start.
  [[nodiscard]] virtual Milliseconds start_of(std::uint64_t) const { return Milliseconds(0); }
  /// A clock that runs while handlers are starting and none is up: invocations waiting for their
  /// turn then wait for a start.
  [[nodiscard]] virtual Milliseconds starting() const { return Milliseconds(0); }
  /// The address at which workers connect, for transports that have workers.
  [[nodiscard]] virtual std::string listens() const { return {}; }
};

/// The services that carriers use; they outlive the carriers.
struct CarrierParts {
  boost::asio::io_context& loop;
  outbound::WebClient& web;
  const Clock& clock;
  Random& random;
  telemetry::Log& log;
  std::filesystem::path directory;  ///< relative file names are resolved against it
  std::uint64_t last_number = 0;    ///< the last invocation number used, for all hooks
};

// Errors: Fault::invalid, `where` being the key that is at fault; or the system's error.
Result<std::unique_ptr<Carrier>> make_http_carrier(const HookOptions& options,
                                                   const CarrierParts& parts);
Result<std::unique_ptr<Carrier>> make_lambda_carrier(const HookOptions& options,
                                                     const CarrierParts& parts);
Result<std::unique_ptr<Carrier>> make_runtime_carrier(const HookOptions& options,
                                                      const CarrierParts& parts);
Result<std::unique_ptr<Carrier>> make_command_carrier(const HookOptions& options,
                                                      const CarrierParts& parts);

}  // namespace imprint::hooks
