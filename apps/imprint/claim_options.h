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

/// The rules of a claim's budget as flags. An empty flag says nothing of its rule; "none" takes it
/// away.
struct BudgetOptions {
  std::vector<std::string> templates = {};
  std::string max_devices = {};
  std::string rate = {};   ///< "60/1m"
  std::string from = {};   ///< ISO 8601
  std::string until = {};  ///< ISO 8601
  std::vector<std::string> networks = {};
  std::string serials = {};  ///< "A-0001..A-0100"
  std::string learn_networks = {};

  /// Declares all but --template.
  void add_to(CLI::App& verb);

  /// Overlays the rules that are given on a budget as the API writes it.
  Result<void> apply_to(encoding::json::object& budget) const;
};

}  // namespace imprint::tool
