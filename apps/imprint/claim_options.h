// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "encoding/json.h"

namespace CLI {
class App;
}

namespace imprint::tool {

/// The rules of a claim's budget as flags. An empty flag leaves its rule unchanged; "none" removes
/// the rule.
struct BudgetOptions {
  std::vector<std::string> templates = {};
  std::string max_devices = {};
  std::string rate = {};   ///< "60/1m"
  std::string from = {};   ///< ISO 8601
  std::string until = {};  ///< ISO 8601
  std::vector<std::string> networks = {};
  std::string serials = {};  ///< "A-0001..A-0100"
  std::string learn_networks = {};

  /// Declares all of these flags, but not --template.
  void add_to(CLI::App& verb);

  /// Overlays the given rules on a budget in the API's format.
  Result<void> apply_to(encoding::json::object& budget) const;
};

}  // namespace imprint::tool
