// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_guard.h"

#include <tuple>

#include "alarms/point_alarms.h"
#include "outcome/causes.h"
#include "provisioning/register_thing.h"

namespace imprint::provisioning {

namespace {

using registry::Certificate;
using registry::CertificateStatus;
using registry::Expect;

Error deny(std::string message) {
  return {Fault::forbidden, std::move(message), {}, "ClaimRefused"_cause};
}

/// A request may come before its connection is closed because of the deactivation.
Error deny_inactive(const CertificateId& id, const std::optional<Certificate>& found) {
  if (found && found->frozen) return deny(told_when_frozen(id, *found->frozen));
  return deny(fmt::format("certificate {} of this connection has been {}", id.hex(),
                          found ? "deactivated" : "deleted"));
}

Error deny_expired(const Certificate& claim) {
  return deny(fmt::format("certificate {} of this connection has expired", claim.id.hex()));
}

/// The answer does not wait for it: freezing closes the claim's connections, and the device that
/// caused it must get its answer first. If the commit fails, the next use freezes the claim.
runtime::Task<void> commit(registry::Store& store, registry::ChangeSet changes) {
  std::ignore = co_await store.commit(std::move(changes));
}

registry::AuditEvent about_claim(alarms::Kind kind, std::string_view because, const Caller& caller,
                                 const Certificate& claim, const std::string& serial_number,
                                 Timestamp now) {
  return alarms::alarm_event(kind, because,
                             {.time = now,
                              .actor = caller.certificate.hex(),
                              .correlation = caller.correlation,
                              .certificate = claim.id.hex(),
                              .client = caller.client_id,
                              .serial_number = audited_serial_number(serial_number)});
}

}  // namespace

registry::Task<Result<Certificate>> ClaimGuard::admit(Caller caller, ClaimUse use) {
  // Several devices may add the same network at once; the store accepts one, and the others read
  // again.
  co_return co_await registry::retry_on_conflict(
      [&](int number) { return admit_once(caller, use, number == 1); });
}

registry::Task<Result<Certificate>> ClaimGuard::admit_once(const Caller& caller,
                                                           const ClaimUse& use, bool notes_place) {
  CO_TRY_ASSIGN(auto found,
                co_await registry::find(store_, registry::certificate_key(caller.certificate),
                                        registry::counter_key(devices_counter(caller.certificate)),
                                        places_key(caller.certificate)));
  auto& [claim, counter, places] = found;
  const Timestamp now = clock_.now();
  if (!claim || claim->status != CertificateStatus::active)
    co_return tl::unexpected(deny_inactive(caller.certificate, claim));
  // The handshake has checked this, but the certificate may have expired since.
  if (now > claim->not_after) co_return tl::unexpected(deny_expired(*claim));
  const std::int64_t devices = counter ? counter->value : 0;
  const std::string serial_number = use.registers ? use.registers->serial_number : std::string();
  const ClaimVerdict verdict =
      decide(*claim, use, {.now = now, .source_ip = caller.source_ip, .devices = devices});
  if (verdict.kind == ClaimVerdict::Kind::freeze)
    co_return tl::unexpected(freeze(caller, *claim, serial_number, verdict.because));
  if (verdict.kind == ClaimVerdict::Kind::refuse)
    co_return tl::unexpected(deny("this claim is not for that: " + verdict.because));
  if (notes_place) note_place(caller, *claim, read_places(places), devices, serial_number);
  if (verdict.learns) {
    claim->claim_networks.push_back(*verdict.learns);
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::update(*claim, now));
    CO_TRY(co_await store_.commit(std::move(changes)));
  }
  CO_TRY(count_for_rate(*claim, use));
  co_return std::move(*claim);
}

Result<void> ClaimGuard::count_for_rate(const Certificate& claim, const ClaimUse& use) {
  const auto& rate = claim.claim_budget.rate;
  if (!rate || !use.is_new_device || !use.counts_for_rate) return {};
  const Monotonic now = clock_.monotonic();
  if (use.registers ? rates_.take(claim.id, *rate, now) : rates_.has_room(claim.id, *rate, now))
    return {};
  return tl::unexpected(
      Error{Fault::exhausted,
            fmt::format("this claim registers {} devices in {} seconds at most (rule rate)",
                        rate->most, rate->per.count()),
            {},
            "Throttled"_cause});
}

Error ClaimGuard::used_up(const Caller& caller, const Certificate& claim,
                          const std::string& serial_number) {
  const std::int64_t most = claim.claim_budget.max_devices.value_or(0);
  return freeze(caller, claim, serial_number, provisioning::used_up(most, most));
}

/// For claims only: other certificates that devices share belong to no batch. A claim that learns
/// its networks is frozen instead, which is more than an alarm.
void ClaimGuard::note_place(const Caller& caller, const Certificate& claim,
                            const ClaimPlaces& known, std::int64_t devices,
                            const std::string& serial_number) {
  const auto host = Network::parse(caller.source_ip);
  if (claim.purpose != registry::CertificatePurpose::claim || claim.claim_budget.learning_devices ||
      !host)
    return;
  const PlaceVerdict verdict =
      judge_place(settings_.get()->new_places, known, host->site(), devices);
  if (!verdict.remember) return;
  registry::ChangeSet changes;
  changes.changes.emplace_back(
      registry::Put{write_places(claim.id, *verdict.remember, clock_.now()),
                    known.version == 0 ? Expect::absent() : Expect::at(known.version)});
  if (!verdict.alarm.empty()) {
    changes.events.push_back(about_claim(alarms::Kind::claim_new_place, verdict.alarm, caller,
                                         claim, serial_number, clock_.now()));
  }
  // If the commit fails, the next use remembers the place.
  runtime::start(commit(store_, std::move(changes)));
}

Error ClaimGuard::freeze(const Caller& caller, const Certificate& claim,
                         const std::string& serial_number, const std::string& because) {
  registry::AuditEvent event =
      about_claim(alarms::Kind::claim_frozen, because, caller, claim, serial_number, clock_.now());
  registry::ChangeSet changes;
  changes.add(registry::update(frozen(claim, {.at = event.time, .because = because}), event.time));
  changes.events.push_back(std::move(event));
  runtime::start(commit(store_, std::move(changes)));
  return deny("this claim is frozen from now on: " + because);
}

}  // namespace imprint::provisioning
