// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "provisioning/plan.h"

/// What happens when a device registers for a thing that has certificates already
/// (docs/decisions/0002-reprovisioning.md).
namespace imprint::provisioning {

/// Whether an operator has let the thing register again, and that still holds.
bool may_reprovision(const std::optional<registry::Thing>& thing, Timestamp now);

struct Reprovisioned {
  /// Stay in service until the new certificate is first used (first_use.h).
  std::vector<CertificateId> replaces = {};
  /// The claim has paid for this device already; the device never got the answer.
  bool repeats_lost_answer = false;
};

/// Decides about each certificate of the thing by the setting `reprovision`; pure. What is retired
/// at once is added to `changes`: in the transaction in which the new certificate becomes active,
/// so that there are never two and never none.
Result<Reprovisioned> reprovision(const Known& known, Timestamp now, registry::ChangeSet& changes);

}  // namespace imprint::provisioning
