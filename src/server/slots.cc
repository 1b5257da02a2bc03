// SPDX-License-Identifier: Apache-2.0
#include "server/slots.h"

#include <algorithm>

#include "base/household.h"

namespace imprint::server {

namespace {

/// Who has more than one place in so many pays before others do: whoever wants to make
/// honest newcomers pay needs as many addresses.
constexpr std::size_t kLargeShare = 64;

}  // namespace

void Slots::change(const std::string& payer, std::uint64_t number, bool is_there, bool is_silent) {
  Share& share = shares_[payer];
  by_size_.erase({share.size(), payer});
  share.silent.erase(number);
  share.talking.erase(number);
  silent_.erase(number);
  if (is_there) {
    (is_silent ? share.silent : share.talking).insert(number);
    if (is_silent) silent_.insert(number);
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

void Slots::spoke(std::uint64_t number) {
  const auto it = holders_.find(number);
  if (it != holders_.end() && silent_.contains(number)) change(it->second, number, true, false);
}

void Slots::rests(std::uint64_t number) {
  const auto it = holders_.find(number);
  if (it != holders_.end() && !silent_.contains(number)) change(it->second, number, true, true);
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

std::optional<std::uint64_t> Slots::gives_way() const {
  if (holders_.size() < places_ || holders_.empty()) return std::nullopt;
  const auto& [size, payer] = *by_size_.rbegin();
  const Share& largest = shares_.at(payer);
  if (size > std::max<std::size_t>(1, places_ / kLargeShare)) return largest.first();
  return silent_.empty() ? largest.first() : *silent_.begin();
}

}  // namespace imprint::server
