// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "telemetry/audit_budget.h"

namespace imprint::telemetry {

/// A budget for each of many sources, by name. When there are too many, the least recently used one
/// is removed. Its budget has had the most time to refill, so the reset gains it the least, and a
/// sender with many names cannot reset the budget of an active source. Not thread-safe.
class AuditBudgets {
 public:
  AuditBudgets(std::size_t most, Allowance each) : most_(most), each_(each) {}

  AuditBudget& of(std::string_view who, Monotonic now) {
    const auto it = by_name_.find(who);
    if (it != by_name_.end()) {
      latest_first_.splice(latest_first_.begin(), latest_first_, it->second);
      return it->second->budget;
    }
    if (by_name_.size() >= most_) {
      by_name_.erase(latest_first_.back().who);
      latest_first_.pop_back();
    }
    latest_first_.push_front({std::string(who), AuditBudget(now, each_)});
    by_name_.emplace(latest_first_.front().who, latest_first_.begin());
    return latest_first_.front().budget;
  }

 private:
  struct Entry {
    std::string who;
    AuditBudget budget;
  };

  std::size_t most_;
  Allowance each_;
  std::list<Entry> latest_first_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator>
      by_name_;  ///< the keys are views of the list
};

}  // namespace imprint::telemetry
