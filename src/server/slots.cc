// SPDX-License-Identifier: Apache-2.0
#include "server/slots.h"

#include <algorithm>

#include "base/household.h"

namespace imprint::server {

namespace {

/// A payer with more than one in this many places gives way before others. So an attacker who wants
/// to displace honest newcomers needs that many addresses.
constexpr std::size_t kLargeShare = 64;

}  // namespace

void Slots::change(const std::string& payer, std::uint64_t number, bool is_there, bool idle) {
  Share& share = shares_[payer];
  by_size_.erase({share.size(), payer});
  share.idle.erase(number);
  share.active.erase(number);
  idle_.erase(number);
  if (is_there) {
    (idle ? share.idle : share.active).insert(number);
    if (idle) idle_.insert(number);
  }
  if (share.size() == 0) {
    shares_.erase(payer);
  } else {
    by_size_.insert({share.size(), payer});
  }
}

void Slots::take(std::uint64_t number, const std::string& who) {
  const auto& payer = holders_.emplace(number, household_of(who)).first->second;
  change(payer, number, true, true);
}

void Slots::mark_active(std::uint64_t number) {
  const auto it = holders_.find(number);
  if (it != holders_.end() && idle_.contains(number)) change(it->second, number, true, false);
}

void Slots::mark_idle(std::uint64_t number) {
  const auto it = holders_.find(number);
  if (it != holders_.end() && !idle_.contains(number)) change(it->second, number, true, true);
}

void Slots::release(std::uint64_t number) {
  const auto it = holders_.find(number);
  if (it == holders_.end()) return;
  change(it->second, number, false, false);
  holders_.erase(it);
}

std::size_t Slots::taken_by(const std::string& who) const {
  const auto it = shares_.find(household_of(who));
  return it == shares_.end() ? 0 : it->second.size();
}

std::optional<std::uint64_t> Slots::next_to_evict() const {
  if (holders_.size() < places_ || holders_.empty()) return std::nullopt;
  const auto& [size, payer] = *by_size_.rbegin();
  const Share& largest = shares_.at(payer);
  if (size > std::max<std::size_t>(1, places_ / kLargeShare)) return largest.first();
  return idle_.empty() ? largest.first() : *idle_.begin();
}

}  // namespace imprint::server
