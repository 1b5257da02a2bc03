// SPDX-License-Identifier: Apache-2.0
#include "provisioning/reprovision.h"

#include "outcome/causes.h"
#include "trail/event.h"

namespace imprint::provisioning {

namespace {

using registry::CertificateStatus;

enum class Decision : std::uint8_t { keep, retire, replace_at_first_use };

Unexpected refuse_known_thing(const Known& known, const registry::Certificate& other,
                              std::string_view because) {
  const bool is_other_key = other.status == CertificateStatus::active &&
                            other.public_key != known.certificate->public_key;
  const std::string& thing = known.thing->name.str();
  return Unexpected(Error{
      Fault::conflict,
      fmt::format("thing {} has certificate {} already ({}), {}. An operator can let it register "
                  "again (imprint reprovision allow DIR {}), deactivate and detach that "
                  "certificate, or set reprovision",
                  quote(thing), other.id.hex(), registry::to_string(other.status), because, thing),
      {},
      is_other_key ? "DuplicateDevice"_cause : "ResourceConflicts"_cause});
}

/// Whether the device may have this certificate. An answer to a request can be lost, so a requested
/// certificate counts only once it has connected; any other was with the device from the start.
bool may_be_in_use(const registry::Certificate& certificate) {
  return !certificate.requested_by || certificate.first_connected;
}

Result<Decision> decide_about(const registry::Certificate& other, const Known& known,
                              Timestamp now) {
  const Reprovision rule = known.device->settings.reprovision;
  const bool is_active = other.status == CertificateStatus::active;
  const bool is_same_key = other.public_key == known.certificate->public_key;
  if (rule == Reprovision::aws) return Decision::keep;
  if (rule == Reprovision::replace || may_reprovision(known.thing, now)) {
    const bool waits = is_active && !is_same_key && may_be_in_use(other);
    return waits ? Decision::replace_at_first_use : Decision::retire;
  }
  if (rule == Reprovision::never)
    return refuse_known_thing(known, other, "and the setting reprovision = never");
  if (rule == Reprovision::operator_decides) {
    if (is_active)
      return refuse_known_thing(known, other, "and the setting reprovision = operator");
    return Decision::keep;
  }
  if (!is_active)
    return refuse_known_thing(known, other, "which somebody has taken out of service");
  if (!is_same_key && may_be_in_use(other))
    return refuse_known_thing(known, other, "which is in use with another key");
  return Decision::retire;
}

void retire(registry::Certificate other, const Known& known, Timestamp now,
            registry::ChangeSet& changes) {
  const ThingName& thing = known.thing->name;
  changes.changes.emplace_back(
      registry::Erase{registry::principal_key(thing, other.id), registry::Expect::present()});
  if (other.status != CertificateStatus::active) return;
  other.status = CertificateStatus::inactive;
  other.replaced_by = known.certificate->id;
  changes.events.push_back(trail::record({.time = now,
                                          .actor = known.event.actor,
                                          .correlation = known.event.correlation,
                                          .thing = thing.str(),
                                          .certificate = other.id.hex()},
                                         "retire_certificate"_step, trail::Outcome::ok));
  changes.changes.emplace_back(registry::update(std::move(other), now));
}

}  // namespace

bool may_reprovision(const std::optional<registry::Thing>& thing, Timestamp now) {
  return thing && thing->reprovision_until && now < *thing->reprovision_until;
}

Result<Reprovisioned> reprovision(const Known& known, Timestamp now, registry::ChangeSet& changes) {
  Reprovisioned out;
  if (!known.thing) return out;
  for (const registry::Certificate& other : known.certificates_of_thing) {
    TRY_ASSIGN(const Decision decision, decide_about(other, known, now));
    if (decision == Decision::replace_at_first_use) out.replaces.push_back(other.id);
    if (decision != Decision::retire) continue;
    if (other.status == CertificateStatus::active && !other.first_connected &&
        other.requested_by == known.certificate->requested_by)
      out.repeats_lost_answer = true;
    retire(other, known, now, changes);
  }
  return out;
}

}  // namespace imprint::provisioning
