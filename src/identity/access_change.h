// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "registry/store.h"

namespace imprint::identity {

/// The principals whose permissions a change set may affect: these certificates, those attached to
/// these things, or, if a policy or a group changed, all.
struct AccessChange {
  std::vector<CertificateId> certificates = {};
  std::vector<ThingName> things = {};
  bool everything = false;

  [[nodiscard]] bool empty() const { return certificates.empty() && things.empty() && !everything; }
};

AccessChange access_change_of(const registry::ChangeSet& changes);

}  // namespace imprint::identity
