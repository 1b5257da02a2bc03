// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "provisioning/plan.h"

/// The decision about a device that registers for a thing that has certificates already
/// (docs/decisions/0002-reprovisioning.md).
namespace imprint::provisioning {

/// Whether an operator's permission to register the thing again is in force.
bool may_reprovision(const std::optional<registry::Thing>& thing, Timestamp now);

struct Reprovisioned {
  /// Certificates that stay in service until the new one is first used (first_use.h).
  std::vector<CertificateId> replaces = {};
  /// The device never got the first answer; its claim has already counted it.
  bool repeats_lost_answer = false;
};

/// Decides about each certificate of the thing by the setting `reprovision`; pure. Certificates
/// to retire at once are added to `changes`, the transaction that activates the new certificate, so
/// that the old and the new one are never both in service, and never both out of it.
Result<Reprovisioned> reprovision(const Known& known, Timestamp now, registry::ChangeSet& changes);

}  // namespace imprint::provisioning
