// SPDX-License-Identifier: Apache-2.0
#include "monitoring/lookout.h"

#include "provisioning/claim_budget.h"

namespace imprint::monitoring {

namespace {

using alarms::Ending;
using alarms::Finding;
using registry::Certificate;
using registry::CertificateStatus;

bool is_usable(const Certificate& claim, Timestamp now) {
  const registry::ClaimBudget& budget = claim.claim_budget;
  return claim.status == CertificateStatus::active && now < claim.not_after &&
         (!budget.from || now >= *budget.from) && (!budget.until || now < *budget.until);
}

Finding frozen_finding(const Certificate& claim) {
  return {.kind = alarms::Kind::claim_frozen,
          .state = Finding::State::bad,
          .subject = claim.id.hex(),
          .subject_kind = "claim",
          .because = claim.frozen->because,
          .next = std::string(alarms::next_of_point(alarms::Kind::claim_frozen))};
}

}  // namespace

runtime::Task<Result<Lookout::Claims>> Lookout::look_at_claims(alarms::Options options,
                                                               Timestamp now, Monotonic monotonic) {
  CO_TRY_ASSIGN(const registry::Page page,
                co_await store_.list(registry::query::Claims{}, {.limit = kMost}));
  std::vector<const Certificate*> limited;
  std::vector<registry::Key> counters;
  Claims out;
  for (const registry::Record& record : page.records) {
    const auto& claim = std::get<Certificate>(record);
    if (claim.frozen && claim.frozen->by.empty()) out.frozen.push_back(frozen_finding(claim));
    if (!claim.claim_budget.max_devices || !is_usable(claim, now)) continue;
    limited.push_back(&claim);
    counters.push_back(registry::counter_key(provisioning::devices_counter(claim.id)));
  }
  CO_TRY_ASSIGN(const std::vector<std::optional<registry::Record>> found,
                co_await store_.find(std::move(counters)));
  std::map<std::string, Progress> progress;
  for (std::size_t i = 0; i < limited.size(); ++i) {
    const Certificate& claim = *limited[i];
    const std::string id = claim.id.hex();
    const std::int64_t devices = found[i] ? std::get<registry::Counter>(*found[i]).value : 0;
    const std::int64_t most = *claim.claim_budget.max_devices;
    if (devices >= most) continue;
    out.open.push_back({.what = Ending::What::claim,
                        .id = id,
                        .not_before = claim.not_before,
                        .not_after = claim.not_after});
    if (devices == 0) continue;  // its line has not begun
    const auto before = progress_.find(id);
    const bool stands = before != progress_.end() && before->second.devices == devices;
    const Progress at = stands ? before->second : Progress{devices, monotonic};
    progress.emplace(id, at);
    if (!options.no_success.enabled) continue;
    out.batches.push_back(alarms::judge_batch(
        options.no_success, {.claim = id,
                             .devices = devices,
                             .most = most,
                             .since_last = std::chrono::floor<Seconds>(monotonic - at.at)}));
  }
  progress_ = std::move(progress);
  co_return out;
}

runtime::Task<Result<std::vector<Finding>>> Lookout::look_at_endings(alarms::ExpiryOptions options,
                                                                     std::vector<Ending> own,
                                                                     Timestamp now) {
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
    own.push_back({.what = Ending::What::registered,
                   .id = ca.id.hex(),
                   .not_before = ca.not_before,
                   .not_after = ca.not_after});
  }
  for (const Ending& one : own) out.push_back(alarms::judge_ending(options, one, now));
  co_return out;
}

runtime::Task<Result<std::vector<std::string>>> Lookout::thawed(std::vector<std::string> ids) {
  std::vector<std::string> out;
  std::vector<std::string> asked;
  std::vector<registry::Key> keys;
  for (std::string& id : ids) {
    const auto parsed = CertificateId::parse(id);
    if (!parsed) {
      out.push_back(std::move(id));
      continue;
    }
    keys.push_back(registry::certificate_key(*parsed));
    asked.push_back(std::move(id));
  }
  CO_TRY_ASSIGN(const std::vector<std::optional<registry::Record>> found,
                co_await store_.find(std::move(keys)));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto* claim = found[i] ? std::get_if<Certificate>(&*found[i]) : nullptr;
    if (claim == nullptr || !claim->frozen) out.push_back(std::move(asked[i]));
  }
  co_return out;
}

}  // namespace imprint::monitoring
