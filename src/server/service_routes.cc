// SPDX-License-Identifier: Apache-2.0
#include "server/service_routes.h"

#include <algorithm>
#include <array>

namespace imprint::server {

namespace {

constexpr std::array<std::string_view, 5> kTargets = {"/healthz", "/readyz", "/metrics",
                                                      "/ca/root.pem", "/ca/issuing.pem"};

control_api::HttpResponse text(int status, std::string body,
                               std::string type = "text/plain; charset=utf-8") {
  return {.status = status, .body = std::move(body), .content_type = std::move(type)};
}

}  // namespace

bool ServiceRoutes::serves(std::string_view target) {
  return std::ranges::find(kTargets, target) != kTargets.end();
}

runtime::Task<control_api::HttpResponse> ServiceRoutes::answer(control_api::HttpRequest request) {
  if (request.method != "GET") co_return text(405, request.target + " answers GET only\n");
  if (request.target == "/readyz") co_return co_await readiness();
  if (request.target == "/metrics")
    co_return text(200, metrics_.text(), "text/plain; version=0.0.4; charset=utf-8");
  if (request.target == "/ca/root.pem") co_return text(200, root_pem_, "application/x-pem-file");
  if (request.target == "/ca/issuing.pem")
    co_return text(200, issuing_pem_, "application/x-pem-file");
  co_return text(200, "ok\n");
}

runtime::Task<control_api::HttpResponse> ServiceRoutes::readiness() {
  registry::ChangeSet probe;
  probe.changes.emplace_back(registry::Count{"readiness-probes"});
  const auto written = co_await store_.commit(std::move(probe));
  if (written) co_return text(200, "ready\n");
  co_return text(503, "not ready: the store cannot be written; see the server's log\n");
}

}  // namespace imprint::server
