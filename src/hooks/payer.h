// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace imprint::hooks {

/// The caller whose share of the hook a request uses and to whom its failure is charged. The holder
/// of a CA's key can make any number of device certificates; those are payers of one group.
struct Payer {
  std::string name = {};   ///< a claim, a device's certificate, an access key
  std::string group = {};  ///< the CA of a device's certificate; empty: on its own

  [[nodiscard]] const std::string& group_name() const { return group.empty() ? name : group; }
};

}  // namespace imprint::hooks
