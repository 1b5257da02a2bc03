// SPDX-License-Identifier: Apache-2.0
#include "server/service_routes.h"

#include <algorithm>
#include <array>

namespace imprint::server {

namespace {

constexpr std::array<std::string_view, 5> kTargets = {"/healthz", "/readyz", "/metrics",
                                                      "/ca/root.pem", "/ca/issuing.pem"};

constexpr auto kVerdictLasts = std::chrono::seconds(1);
/// A shard checks the clock every second; a commit takes milliseconds.
constexpr Milliseconds kMostSilence = std::chrono::seconds(5);

rest::HttpResponse text(int status, std::string body,
                        std::string type = "text/plain; charset=utf-8") {
  return {.status = status, .body = std::move(body), .content_type = std::move(type)};
}

}  // namespace

bool ServiceRoutes::serves(std::string_view target) {
  return std::ranges::find(kTargets, target) != kTargets.end();
}

runtime::Task<rest::HttpResponse> ServiceRoutes::answer(rest::HttpRequest request) {
  if (request.method != "GET") co_return text(405, request.target + " answers GET only\n");
  if (request.target == "/readyz") {
    const Verdict verdict = co_await readiness();
    co_return text(verdict.is_ready ? 200 : 503, verdict.text);
  }
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
    return fail(Fault::unavailable,
                "the issuing CA's certificate is not valid yet; check the clock");
  if (now > ca.not_after())
    return fail(Fault::unavailable, "the issuing CA's certificate has expired");
  return issuer_.try_key();
}

Result<void> ServiceRoutes::check_shards() const {
  const Milliseconds silence = shard_silence_();
  if (silence <= kMostSilence) return {};
  return fail(Fault::unavailable, "a shard has not run for {} ms", silence.count());
}

runtime::Task<ServiceRoutes::Verdict> ServiceRoutes::readiness() {
  const Monotonic now = clock_.monotonic();
  if (last_ && now - checked_ < kVerdictLasts) co_return *last_;
  if (checking_since_ && now - *checking_since_ > kMostSilence)
    co_return Verdict{false, "not ready\nstore: does not answer\n"};
  if (checking_since_) {
    waiting_.emplace_back();
    co_return co_await runtime::Completion(waiting_.back()).wait();
  }
  checking_since_ = now;
  Verdict verdict = co_await check();
  checking_since_.reset();
  last_ = verdict;
  checked_ = clock_.monotonic();
  for (const auto& one : std::exchange(waiting_, {})) one.complete(verdict);
  co_return verdict;
}

runtime::Task<ServiceRoutes::Verdict> ServiceRoutes::check() {
  registry::ChangeSet probe;
  probe.changes.emplace_back(registry::Count{"readiness-probes"});
  const Result<void> store = co_await store_.commit(std::move(probe));
  const Result<void> issuing = check_issuing();
  const Result<void> shards = check_shards();
  for (const Result<void>* check : {&store, &issuing, &shards}) {
    if (!*check) log_.error("not ready", {{"because", check->error().message}});
  }
  const bool is_ready = store && issuing && shards;
  co_return Verdict{
      is_ready,
      fmt::format("{}\nstore: {}\nissuing: {}\nshards: {}\n", is_ready ? "ready" : "not ready",
                  store ? "writable" : "cannot be written; the server's log has the cause",
                  issuing ? "key and certificate are usable"
                          : "no certificate can be issued; the server's log has the cause",
                  shards ? "all run" : "one does not run; devices on it are not served")};
}

}  // namespace imprint::server
