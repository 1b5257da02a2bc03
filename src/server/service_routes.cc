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

Result<void> ServiceRoutes::check_issuing() const {
  const Timestamp now = clock_.now();
  const x509::Certificate& ca = issuer_.certificate();
  if (now < ca.not_before())
    return fail(Fault::unavailable, "the issuing CA's certificate is not valid yet: the clock?");
  if (now > ca.not_after())
    return fail(Fault::unavailable, "the issuing CA's certificate has expired");
  return issuer_.try_key();
}

runtime::Task<control_api::HttpResponse> ServiceRoutes::readiness() {
  registry::ChangeSet probe;
  probe.changes.emplace_back(registry::Count{"readiness-probes"});
  const Result<void> store = co_await store_.commit(std::move(probe));
  const Result<void> issuing = check_issuing();
  for (const Result<void>* check : {&store, &issuing}) {
    if (!*check) log_.error("not ready", {{"because", check->error().message}});
  }
  const std::string reasons =
      fmt::format("store: {}\nissuing: {}\n",
                  store ? "writable" : "cannot be written; the server's log has the cause",
                  issuing ? "key and certificate are usable"
                          : "no certificate can be issued; the server's log has the cause");
  if (store && issuing) co_return text(200, "ready\n" + reasons);
  co_return text(503, "not ready\n" + reasons);
}

}  // namespace imprint::server
