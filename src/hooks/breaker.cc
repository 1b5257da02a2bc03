// SPDX-License-Identifier: Apache-2.0
#include "hooks/breaker.h"

#include <algorithm>

namespace imprint::hooks {

bool Breaker::admits(const Payer& payer, Monotonic now) {
  const Rests rests = resting(payer);
  if (rests == Rests::nobody) return true;
  if (const auto own = payers_.find(payer.name); own != payers_.end()) {
    if (now < own->second.rests_until || own->second.is_trying) return false;
  }
  const auto it = groups_.find(payer.group_name());
  Circle* const group = it != groups_.end() && it->second.rests ? &it->second : nullptr;
  if (group != nullptr && !may_try(*group, now)) return false;
  if (all_.rests && !may_try(all_, now)) return false;
  if (group != nullptr) group->trying = payer.name;
  if (all_.rests) all_.trying = payer.name;
  remember(payers_, payer.name).is_trying = true;
  return true;
}

void Breaker::succeeded(const Payer& payer) {
  payers_.erase(payer.name);
  groups_.erase(payer.group_name());
  all_ = {};
}

void Breaker::failed(const Payer& payer, Monotonic now) {
  Failures& own = remember(payers_, payer.name);
  own.is_trying = false;
  if (own.in_a_row < limit_) ++own.in_a_row;
  if (own.in_a_row >= limit_) own.rests_until = now + pause_;
  Circle& group = remember(groups_, payer.group_name());
  const bool tried_for_group = fail_in(group, payer.name, payer.name, now);
  const bool tried_for_all = fail_in(all_, payer.group_name(), payer.name, now);
  // The next try is left to another payer, if another one asks.
  if (tried_for_group || tried_for_all) own.rests_until = now + 2 * pause_;
}

bool Breaker::fail_in(Circle& circle, const std::string& member, const std::string& payer,
                      Monotonic now) {
  if (circle.failing.size() < kSeveral) circle.failing.insert(member);
  if (circle.in_a_row < limit_) ++circle.in_a_row;
  if (circle.rests) {
    if (circle.trying != payer) return false;  // this request was sent before the circle rested
    circle.trying.reset();
    circle.rests_until = now + pause_;
    return true;
  }
  if (circle.in_a_row < limit_ || circle.failing.size() < kSeveral) return false;
  circle.rests = true;
  circle.rests_until = now + pause_;
  return false;
}

void Breaker::gave_up(const Payer& payer) {
  if (const auto it = payers_.find(payer.name); it != payers_.end()) it->second.is_trying = false;
  if (const auto it = groups_.find(payer.group_name()); it != groups_.end()) {
    if (it->second.trying == payer.name) it->second.trying.reset();
  }
  if (all_.trying == payer.name) all_.trying.reset();
}

Breaker::Rests Breaker::resting(const Payer& payer) const {
  if (all_.rests) return Rests::all;
  if (const auto it = groups_.find(payer.group_name()); it != groups_.end() && it->second.rests)
    return Rests::group;
  const auto it = payers_.find(payer.name);
  return it != payers_.end() && it->second.in_a_row >= limit_ ? Rests::payer : Rests::nobody;
}

bool Breaker::is_open_for_any() const {
  return all_.rests ||
         std::ranges::any_of(groups_, [](const auto& entry) { return entry.second.rests; }) ||
         std::ranges::any_of(payers_,
                             [this](const auto& entry) { return entry.second.in_a_row >= limit_; });
}

bool Breaker::may_try(const Circle& circle, Monotonic now) {
  return now >= circle.rests_until && !circle.trying;
}

template <class T>
T& Breaker::remember(std::map<std::string, T>& all, const std::string& name) {
  const auto it = all.find(name);
  if (it != all.end()) return it->second;
  if (all.size() == kMostRemembered) {
    all.erase(std::ranges::min_element(all, {},
                                       [](const auto& entry) { return entry.second.rests_until; }));
  }
  return all[name];
}

}  // namespace imprint::hooks
