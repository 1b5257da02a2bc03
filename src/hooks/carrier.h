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

/// One event on its way to a handler.
struct Invocation {
  std::uint64_t number = 0;  ///< of no other one under way, whatever its hook
  std::string request_id = {};
  std::string arn = {};
  std::shared_ptr<const std::string> event = {};  ///< JSON, one line
  Timestamp deadline = {};
};

/// What became of it.
struct Delivery {
  Reply reply = {};
  /// No handler has seen it, so that it may be sent again.
  bool undelivered = false;
};
inline Delivery undelivered(std::string because) {
  return {{.kind = Reply::Kind::failed, .because = std::move(because)}, true};
}
inline Delivery failed_delivery(std::string because) {
  return {{.kind = Reply::Kind::failed, .because = std::move(because)}, false};
}

/// Carries events to handlers and brings their answers back, over one transport. Lives on the
/// thread of Hooks. It keeps no time: its Gate does, and cancels.
class Carrier {
 public:
  using Done = std::function<void(Delivery)>;

  virtual ~Carrier() = default;
  /// `done` is called once, unless cancel() comes first: from any thread, also from within send().
  virtual void send(Invocation invocation, Done done) = 0;
  /// Forgets an invocation that was sent and says what it was waiting for.
  virtual std::string cancel(std::uint64_t number) = 0;
  /// How long this invocation, which was sent, has waited for the start of the handler that has it.
  [[nodiscard]] virtual Milliseconds start_of(std::uint64_t) const { return Milliseconds(0); }
  /// A clock that runs while handlers are starting and none is up: those that wait for their turn
  /// meanwhile wait for a start.
  [[nodiscard]] virtual Milliseconds starting() const { return Milliseconds(0); }
  /// Where workers are to come, if they are.
  [[nodiscard]] virtual std::string listens() const { return {}; }
};

/// What carriers work with; outlives them.
struct CarrierParts {
  boost::asio::io_context& loop;
  outbound::WebClient& web;
  const Clock& clock;
  Random& random;
  telemetry::Log& log;
  std::filesystem::path directory;  ///< that file names are relative to
  std::uint64_t last_number = 0;    ///< of the invocations of all hooks
};

// Errors: Fault::invalid, `where` being the key that is at fault; or what the system says.
Result<std::unique_ptr<Carrier>> make_http_carrier(const HookOptions& options,
                                                   const CarrierParts& parts);
Result<std::unique_ptr<Carrier>> make_lambda_carrier(const HookOptions& options,
                                                     const CarrierParts& parts);
Result<std::unique_ptr<Carrier>> make_runtime_carrier(const HookOptions& options,
                                                      const CarrierParts& parts);
Result<std::unique_ptr<Carrier>> make_command_carrier(const HookOptions& options,
                                                      const CarrierParts& parts);

}  // namespace imprint::hooks
