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

/// Detaches the old certificate from every thing that the newer one is attached to.
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
  CO_TRY_ASSIGN(registry::Certificate newer,
                co_await registry::get(store, registry::certificate_key(certificate)));
  if (!awaits_first_use(newer)) co_return Result<void>();
  registry::ChangeSet changes;
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> things,
                co_await things_of(store, certificate));
  std::vector<registry::KeyOf<registry::Certificate>> keys;
  for (const CertificateId& old : newer.replaces) keys.push_back(registry::certificate_key(old));
  CO_TRY_ASSIGN(auto replaced, co_await registry::find_all(store, std::move(keys)));
  for (std::optional<registry::Certificate>& old : replaced) {
    if (!old) continue;
    CO_TRY(co_await detach(store, old->id, things, changes));
    if (old->status != CertificateStatus::active) continue;
    old->status = CertificateStatus::inactive;
    old->replaced_by = certificate;
    changes.events.push_back(
        trail::record({.time = now,
                       .actor = certificate.hex(),
                       .thing = things.empty() ? "" : things.front().thing.str(),
                       .certificate = old->id.hex()},
                      "retire_certificate"_step, trail::Outcome::ok));
    changes.changes.emplace_back(registry::update(std::move(*old), now));
  }
  if (!newer.first_connected) newer.first_connected = now;
  newer.replaces.clear();
  changes.changes.emplace_back(registry::update(std::move(newer)));
  co_return co_await store.commit(std::move(changes));
}

}  // namespace

bool awaits_first_use(const registry::Certificate& certificate) {
  const bool is_provisioned = certificate.requested_by || certificate.ca_certificate;
  return is_provisioned && (!certificate.first_connected || !certificate.replaces.empty());
}

registry::Task<Result<void>> note_first_use(registry::Store& store, CertificateId certificate,
                                            Timestamp now) {
  co_return co_await registry::retry_on_conflict(
      [&](int) { return note_once(store, certificate, now); });
}

}  // namespace imprint::provisioning
