// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "control_api/http.h"
#include "registry/store.h"
#include "runtime/task.h"
#include "telemetry/metrics.h"

namespace imprint::server {

/// What the HTTPS listener answers to anybody: GET /healthz, /readyz, /metrics,
/// /ca/{root,issuing}.pem.
class ServiceRoutes {
 public:
  ServiceRoutes(registry::Store& store, const telemetry::Metrics& metrics, std::string root_pem,
                std::string issuing_pem)
      : store_(store),
        metrics_(metrics),
        root_pem_(std::move(root_pem)),
        issuing_pem_(std::move(issuing_pem)) {}

  /// True for a target that belongs here.
  [[nodiscard]] static bool serves(std::string_view target);
  runtime::Task<control_api::HttpResponse> answer(control_api::HttpRequest request);

 private:
  /// Ready means that a change can be made durable.
  runtime::Task<control_api::HttpResponse> readiness();

  registry::Store& store_;
  const telemetry::Metrics& metrics_;
  std::string root_pem_;
  std::string issuing_pem_;
};

}  // namespace imprint::server
