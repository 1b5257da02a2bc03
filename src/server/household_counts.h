// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/household.h"

namespace imprint::server {

/// Counts the connections of each household. Not thread-safe.
class HouseholdCounts {
 public:
  [[nodiscard]] std::size_t of(std::string_view address) const {
    const auto it = counts_.find(household_of(address));
    return it == counts_.end() ? 0 : it->second;
  }
  void add(std::string_view address) { ++counts_[household_of(address)]; }
  /// `address` must have been added.
  void remove(std::string_view address) {
    const auto it = counts_.find(household_of(address));
    if (it != counts_.end() && --it->second == 0) counts_.erase(it);
  }
  [[nodiscard]] std::size_t households() const { return counts_.size(); }

 private:
  std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace imprint::server
