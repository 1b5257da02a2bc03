// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "issuance/issuer.h"
#include "registry/store.h"
#include "rest/http.h"
#include "runtime/task.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace imprint::server {

/// The routes that need no authentication: GET /healthz, /readyz, /metrics, /ca/{root,issuing}.pem.
class ServiceRoutes {
 public:
  /// The time since the shard that has been silent longest last ran.
  using ShardSilence = std::function<Milliseconds()>;

  ServiceRoutes(registry::Store& store, const issuance::Issuer& issuer, const Clock& clock,
                telemetry::Log& log, const telemetry::Metrics& metrics, ShardSilence shard_silence,
                std::string root_pem, std::string issuing_pem)
      : store_(store),
        issuer_(issuer),
        clock_(clock),
        log_(log),
        metrics_(metrics),
        shard_silence_(std::move(shard_silence)),
        root_pem_(std::move(root_pem)),
        issuing_pem_(std::move(issuing_pem)) {}

  /// True for the targets of these routes.
  [[nodiscard]] static bool serves(std::string_view target);
  runtime::Task<rest::HttpResponse> answer(rest::HttpRequest request);

 private:
  struct Verdict {
    bool is_ready = false;
    std::string text = {};
  };

  /// Ready means that a change can be made durable, a certificate can be issued, and devices are
  /// served. The answer has one line for each of these; causes are in the log only. Costs at most
  /// one commit and one signature per second, because anybody may ask.
  runtime::Task<Verdict> readiness();
  runtime::Task<Verdict> check();
  [[nodiscard]] Result<void> check_issuing() const;
  [[nodiscard]] Result<void> check_shards() const;

  registry::Store& store_;
  const issuance::Issuer& issuer_;
  const Clock& clock_;
  telemetry::Log& log_;
  const telemetry::Metrics& metrics_;
  const ShardSilence shard_silence_;
  // On the listener's thread.
  std::optional<Verdict> last_;
  Monotonic checked_ = {};                             ///< when last_ was found
  std::optional<Monotonic> checking_since_;            ///< a check is under way
  std::vector<runtime::Completion<Verdict>> waiting_;  ///< for it
  std::string root_pem_;
  std::string issuing_pem_;
};

}  // namespace imprint::server
