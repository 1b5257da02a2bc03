// SPDX-License-Identifier: Apache-2.0
#include "provisioning/cleanup.h"

#include "encoding/json.h"
#include "encoding/text.h"
#include "provisioning/key_history.h"
#include "trail/event.h"

namespace imprint::provisioning {

namespace {

/// Longer than any signer takes: a younger intent may belong to a certificate that is being signed.
constexpr auto kIntentAge = std::chrono::minutes(10);

registry::Task<Result<bool>> is_attached(registry::Store& store, CertificateId id) {
  auto access = co_await store.list(registry::query::AccessOf{id}, {});
  if (!access) co_return tl::unexpected(std::move(access).error());
  co_return !access->records.empty();
}

registry::ChangeSet removal_of(const registry::Certificate& certificate,
                               std::vector<registry::PolicyAttachment> attached, Timestamp now) {
  registry::ChangeSet changes;
  for (const registry::PolicyAttachment& attachment : attached) {
    changes.changes.emplace_back(
        registry::Erase{registry::attachment_key(attachment.policy, attachment.target)});
  }
  for (registry::Change& change : removal_changes(certificate, now))
    changes.changes.push_back(std::move(change));
  changes.events.push_back(trail::record(
      {.time = now, .certificate = certificate.id.hex()}, "remove_expired_certificate"_step,
      trail::Outcome::ok, {},
      trail::Removed{.serial = certificate.serial, .public_key = certificate.public_key}));
  return changes;
}

registry::ChangeSet removal_of(const registry::IssuanceIntent& intent, Timestamp now) {
  registry::ChangeSet changes;
  changes.changes.emplace_back(
      registry::Erase{registry::intent_key(intent.serial), registry::Expect::at(intent.version)});
  changes.events.push_back(trail::record(
      {.time = now, .actor = intent.requested_by ? intent.requested_by->hex() : ""},
      "certificate_never_arrived"_step, trail::Outcome::failed, {},
      trail::Removed{
          .serial = intent.serial, .profile = intent.profile, .public_key = intent.public_key}));
  return changes;
}

/// The sequence of the oldest event, or of the newest; 0 when there is none.
registry::Task<Result<std::int64_t>> event_at_end(registry::Store& store, bool oldest) {
  const registry::query::AuditEvents query{.ascending = oldest};
  auto page = co_await store.list(query, {.limit = 1});
  if (!page) co_return tl::unexpected(std::move(page).error());
  if (page->records.empty()) co_return std::int64_t{0};
  co_return std::get<registry::AuditEvent>(page->records.front()).sequence;
}

registry::Task<Result<std::int64_t>> forget_events(registry::Store& store, std::int64_t keep,
                                                   std::int64_t archived) {
  constexpr std::int64_t kAtOnce = 5'000;  // others' commits wait for this one
  CO_TRY_ASSIGN(const std::int64_t newest, co_await event_at_end(store, false));
  CO_TRY_ASSIGN(const std::int64_t oldest, co_await event_at_end(store, true));
  const std::int64_t last = std::min(newest - keep, archived);
  if (newest == 0 || oldest > last) co_return std::int64_t{0};
  for (std::int64_t through = oldest - 1; through < last;) {
    through = std::min(through + kAtOnce, last);
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Forget{through, archived != kEverything});
    CO_TRY(co_await store.commit(std::move(changes)));
  }
  co_return last - oldest + 1;
}

}  // namespace

registry::Task<Result<CleanedUp>> clean_up(registry::Store& store, const Clock& clock,
                                           std::int64_t audit_events, std::int64_t archived) {
  const Timestamp now = clock.now();
  CleanedUp cleaned;
  CO_TRY_ASSIGN(const std::vector<registry::Certificate> expired,
                co_await registry::list_all<registry::Certificate>(
                    store, registry::query::ExpiredCertificates{now}));
  for (const registry::Certificate& certificate : expired) {
    std::vector<registry::PolicyAttachment> attached;
    if (certificate.purpose == registry::CertificatePurpose::provisioning_claim) {
      CO_TRY_ASSIGN(
          attached,
          co_await registry::list_all<registry::PolicyAttachment>(
              store, registry::query::PoliciesOfTarget{registry::PolicyTarget(certificate.id)}));
    } else {
      CO_TRY_ASSIGN(const bool keep, co_await is_attached(store, certificate.id));
      if (keep) continue;
    }
    const auto removed = co_await store.commit(removal_of(certificate, std::move(attached), now));
    if (removed) ++cleaned.certificates;
    if (!removed && removed.error().fault != Fault::conflict)
      co_return tl::unexpected(removed.error());
  }
  CO_TRY_ASSIGN(const std::vector<registry::IssuanceIntent> intents,
                co_await registry::list_all<registry::IssuanceIntent>(
                    store, registry::query::Intents{now - kIntentAge}));
  for (const registry::IssuanceIntent& intent : intents) {
    const auto removed = co_await store.commit(removal_of(intent, now));
    if (removed) ++cleaned.intents;
    if (!removed && removed.error().fault != Fault::conflict)
      co_return tl::unexpected(removed.error());
  }
  CO_TRY_ASSIGN(cleaned.events, co_await forget_events(store, audit_events, archived));
  co_return cleaned;
}

}  // namespace imprint::provisioning
