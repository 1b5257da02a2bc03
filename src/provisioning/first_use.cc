// SPDX-License-Identifier: Apache-2.0
#include "provisioning/first_use.h"

#include <algorithm>

#include "trail/event.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;
using registry::Expect;

registry::Task<Result<std::vector<registry::ThingPrincipal>>> things_of(registry::Store& store,
                                                                        CertificateId id) {
  co_return co_await registry::list_all<registry::ThingPrincipal>(
      store, registry::query::ThingsOfPrincipal{id});
}

/// Off every thing that the newer one stands for too.
registry::Task<Result<void>> detach(registry::Store& store, CertificateId old,
                                    std::vector<registry::ThingPrincipal> of_newer,
                                    registry::ChangeSet& changes) {
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> of_old, co_await things_of(store, old));
  for (const registry::ThingPrincipal& attached : of_old) {
    const bool is_shared = std::ranges::any_of(
        of_newer, [&](const auto& newer) { return newer.thing == attached.thing; });
    if (is_shared) changes.changes.emplace_back(registry::Erase{registry::key_of(attached)});
  }
  co_return Result<void>();
}

registry::Task<Result<void>> note_once(registry::Store& store, CertificateId certificate,
                                       Timestamp now) {
  CO_TRY_ASSIGN(registry::Certificate newer, co_await registry::get<registry::Certificate>(
                                                 store, registry::certificate_key(certificate)));
  if (!awaits_first_use(newer)) co_return Result<void>();
  registry::ChangeSet changes;
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> things,
                co_await things_of(store, certificate));
  std::vector<registry::Key> keys;
  for (const CertificateId& old : newer.replaces) keys.push_back(registry::certificate_key(old));
  CO_TRY_ASSIGN(const auto found, co_await store.find(std::move(keys)));
  for (const std::optional<registry::Record>& record : found) {
    if (!record) continue;
    auto old = std::get<registry::Certificate>(*record);
    CO_TRY(co_await detach(store, old.id, things, changes));
    if (old.status != CertificateStatus::active) continue;
    const Expect as_read = Expect::at(old.version);
    old.status = CertificateStatus::inactive;
    old.replaced_by = certificate;
    old.modified = now;
    ++old.version;
    changes.events.push_back(
        trail::record({.time = now,
                       .actor = certificate.hex(),
                       .thing = things.empty() ? "" : things.front().thing.str(),
                       .certificate = old.id.hex()},
                      "retire_certificate"_step, trail::Outcome::ok));
    changes.changes.emplace_back(registry::Put{std::move(old), as_read});
  }
  const Expect as_read = Expect::at(newer.version);
  if (!newer.first_connected) newer.first_connected = now;
  newer.replaces.clear();
  ++newer.version;
  changes.changes.emplace_back(registry::Put{std::move(newer), as_read});
  co_return co_await store.commit(std::move(changes));
}

}  // namespace

bool awaits_first_use(const registry::Certificate& certificate) {
  const bool is_provisioned = certificate.requested_by || certificate.ca_certificate;
  return is_provisioned && (!certificate.first_connected || !certificate.replaces.empty());
}

registry::Task<Result<void>> note_first_use(registry::Store& store, CertificateId certificate,
                                            Timestamp now) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    auto noted = co_await note_once(store, certificate, now);
    if (noted || noted.error().fault != Fault::conflict || attempt == kAttempts) co_return noted;
  }
}

}  // namespace imprint::provisioning
