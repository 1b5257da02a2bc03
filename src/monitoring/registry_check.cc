// SPDX-License-Identifier: Apache-2.0
#include "monitoring/registry_check.h"

#include <algorithm>

#include "provisioning/claim_budget.h"

namespace imprint::monitoring {

namespace {

using alarms::Finding;
using alarms::WatchedCertificate;
using registry::Certificate;
using registry::CertificateStatus;

bool is_usable(const Certificate& claim, Timestamp now) {
  const registry::ClaimBudget& budget = claim.claim_budget;
  return claim.status == CertificateStatus::active && now < claim.not_after &&
         (!budget.from || now >= *budget.from) && (!budget.until || now < *budget.until);
}

Finding frozen_finding(const Certificate& claim) {
  return alarms::point_finding(alarms::Kind::claim_frozen, "claim", claim.id.hex(),
                               claim.frozen->because);
}

/// The period in which both its certificate and its budget allow its use.
WatchedCertificate watched_claim(const Certificate& claim) {
  const registry::ClaimBudget& budget = claim.claim_budget;
  return {.what = WatchedCertificate::What::claim,
          .id = claim.id.hex(),
          .not_before = std::max(claim.not_before, budget.from.value_or(claim.not_before)),
          .not_after = std::min(claim.not_after, budget.until.value_or(claim.not_after))};
}

}  // namespace

runtime::Task<Result<RegistryCheck::Claims>> RegistryCheck::check_claims(alarms::Options options,
                                                                         Timestamp now,
                                                                         Monotonic monotonic) {
  Claims out;
  std::vector<Certificate> limited;
  registry::Cursor cursor{.limit = kMost};
  for (std::size_t read = 0; read < kMostClaims; read += kMost) {
    CO_TRY_ASSIGN(registry::Page page, co_await store_.list(registry::query::Claims{}, cursor));
    for (registry::Record& record : page.records) {
      auto& claim = std::get<Certificate>(record);
      if (claim.frozen && claim.frozen->by.empty()) out.frozen.push_back(frozen_finding(claim));
      if (claim.claim_budget.max_devices && is_usable(claim, now))
        limited.push_back(std::move(claim));
    }
    if (!page.next) break;
    cursor.after = *page.next;
  }
  std::vector<registry::KeyOf<registry::Counter>> counters;
  for (const Certificate& claim : limited)
    counters.push_back(registry::counter_key(provisioning::devices_counter(claim.id)));
  CO_TRY_ASSIGN(const auto found, co_await registry::find_all(store_, std::move(counters)));
  std::map<std::string, Progress> progress;
  for (std::size_t i = 0; i < limited.size(); ++i) {
    const Certificate& claim = limited[i];
    const std::string id = claim.id.hex();
    const std::int64_t devices = found[i] ? found[i]->value : 0;
    const std::int64_t most = *claim.claim_budget.max_devices;
    if (devices >= most) continue;
    out.open.push_back(watched_claim(claim));
    const auto before = progress_.find(id);
    const bool is_new = before == progress_.end();
    const bool is_unchanged = !is_new && before->second.devices == devices;
    const Progress at = is_unchanged ? before->second : Progress{devices, monotonic, !is_new};
    progress.emplace(id, at);
    // With 0 devices the batch has not started.
    if (!options.no_success.enabled || devices == 0) continue;
    out.batches.push_back(alarms::judge_batch(
        options.no_success, {.claim = id,
                             .devices = devices,
                             .most = most,
                             .since_last = std::chrono::floor<Seconds>(monotonic - at.at),
                             .has_grown = at.has_grown}));
  }
  progress_ = std::move(progress);
  co_return out;
}

runtime::Task<Result<std::vector<Finding>>> RegistryCheck::check_expiry(
    alarms::ExpiryOptions options, std::vector<WatchedCertificate> own, Timestamp now) {
  std::vector<Finding> out;
  CO_TRY_ASSIGN(const registry::Page fleet,
                co_await store_.list(
                    registry::query::ExpiringCertificates{
                        .from = now, .until = now + options.certificates, .brief = true},
                    {.limit = kMost}));
  out.push_back(alarms::judge_fleet(options, static_cast<std::int64_t>(fleet.records.size()),
                                    fleet.next.has_value()));
  CO_TRY_ASSIGN(const registry::Page registered,
                co_await store_.list(registry::query::CaCertificates{}, {.limit = kMost}));
  for (const registry::Record& record : registered.records) {
    const auto& ca = std::get<registry::CaCertificate>(record);
    if (!ca.is_active) continue;
    own.push_back({.what = WatchedCertificate::What::registered,
                   .id = ca.id.hex(),
                   .not_before = ca.not_before,
                   .not_after = ca.not_after});
  }
  for (const WatchedCertificate& one : own)
    out.push_back(alarms::judge_certificate(options, one, now));
  co_return out;
}

runtime::Task<Result<std::vector<std::string>>> RegistryCheck::thawed(
    std::vector<std::string> ids) {
  std::vector<std::string> out;
  std::vector<std::string> asked;
  std::vector<registry::KeyOf<Certificate>> keys;
  for (std::string& id : ids) {
    const auto parsed = CertificateId::parse(id);
    if (!parsed) {
      out.push_back(std::move(id));
      continue;
    }
    keys.push_back(registry::certificate_key(*parsed));
    asked.push_back(std::move(id));
  }
  CO_TRY_ASSIGN(const auto claims, co_await registry::find_all(store_, std::move(keys)));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!claims[i] || !claims[i]->frozen) out.push_back(std::move(asked[i]));
  }
  co_return out;
}

}  // namespace imprint::monitoring
