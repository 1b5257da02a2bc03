// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>

#include "identity/connections.h"

namespace imprint::test {

/// The connected clients, as set by a test; initially none.
class Connected final : public identity::Connections {
 public:
  [[nodiscard]] std::optional<identity::LiveConnection> newest_of(
      const CertificateId& certificate) const override {
    const auto it = found.find(certificate);
    return it == found.end() ? std::nullopt : std::optional(it->second);
  }
  std::unordered_map<CertificateId, identity::LiveConnection> found = {};
};

}  // namespace imprint::test
