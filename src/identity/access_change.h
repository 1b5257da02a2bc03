// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "registry/store.h"

namespace imprint::identity {

/// Whose rights a change set touches: of these certificates, of what is attached to these things,
/// or (a policy or a group changed) possibly of everybody.
struct AccessChange {
  std::vector<CertificateId> certificates = {};
  std::vector<ThingName> things = {};
  bool everything = false;

  [[nodiscard]] bool empty() const { return certificates.empty() && things.empty() && !everything; }
};

AccessChange access_change_of(const registry::ChangeSet& changes);

}  // namespace imprint::identity
