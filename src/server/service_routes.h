// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "control_api/http.h"
#include "issuance/issuer.h"
#include "registry/store.h"
#include "runtime/task.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace imprint::server {

/// What the HTTPS listener answers to anybody: GET /healthz, /readyz, /metrics,
/// /ca/{root,issuing}.pem.
class ServiceRoutes {
 public:
  ServiceRoutes(registry::Store& store, const issuance::Issuer& issuer, const Clock& clock,
                telemetry::Log& log, const telemetry::Metrics& metrics, std::string root_pem,
                std::string issuing_pem)
      : store_(store),
        issuer_(issuer),
        clock_(clock),
        log_(log),
        metrics_(metrics),
        root_pem_(std::move(root_pem)),
        issuing_pem_(std::move(issuing_pem)) {}

  /// True for a target that belongs here.
  [[nodiscard]] static bool serves(std::string_view target);
  runtime::Task<control_api::HttpResponse> answer(control_api::HttpRequest request);

 private:
  /// Ready means that a change can be made durable and a certificate issued. One line for each
  /// reason; what is wrong inside is in the log.
  runtime::Task<control_api::HttpResponse> readiness();
  [[nodiscard]] Result<void> check_issuing() const;

  registry::Store& store_;
  const issuance::Issuer& issuer_;
  const Clock& clock_;
  telemetry::Log& log_;
  const telemetry::Metrics& metrics_;
  std::string root_pem_;
  std::string issuing_pem_;
};

}  // namespace imprint::server
