// SPDX-License-Identifier: Apache-2.0
#include "hooks/breaker.h"

#include <algorithm>

namespace imprint::hooks {

bool Breaker::admits(const std::string& payer, Monotonic now) {
  const auto it = payers_.find(payer);
  const bool is_closed_to_payer = it != payers_.end() && it->second.in_a_row >= limit_;
  if (!is_open_ && !is_closed_to_payer) return true;
  if (it != payers_.end() && (now < it->second.rests_until || it->second.is_trying)) return false;
  if (is_open_) {
    if (now < rests_until_ || trying_) return false;
    trying_ = payer;
  }
  remember(payer).is_trying = true;
  return true;
}

void Breaker::succeeded(const std::string& payer) {
  payers_.erase(payer);
  for (auto& [name, failures] : payers_) failures.since_success = false;
  in_a_row_ = 0;
  failing_ = 0;
  is_open_ = false;
  trying_.reset();
}

void Breaker::failed(const std::string& payer, Monotonic now) {
  Failures& own = remember(payer);
  own.is_trying = false;
  if (!own.since_success) {
    own.since_success = true;
    ++failing_;
  }
  if (own.in_a_row < limit_) ++own.in_a_row;
  if (in_a_row_ < limit_) ++in_a_row_;
  if (own.in_a_row >= limit_) own.rests_until = now + pause_;
  if (is_open_) {
    if (trying_ != payer) return;  // sent before it opened
    trying_.reset();
    // The next try is somebody else's, if somebody else asks.
    own.rests_until = now + 2 * pause_;
    rests_until_ = now + pause_;
  } else if (in_a_row_ >= limit_ && failing_ >= kPayersForAll) {
    is_open_ = true;
    rests_until_ = now + pause_;
  }
}

void Breaker::gave_up(const std::string& payer) {
  if (const auto it = payers_.find(payer); it != payers_.end()) it->second.is_trying = false;
  if (trying_ == payer) trying_.reset();
}

bool Breaker::is_open_for(const std::string& payer) const {
  if (is_open_) return true;
  const auto it = payers_.find(payer);
  return it != payers_.end() && it->second.in_a_row >= limit_;
}

bool Breaker::is_open_for_any() const {
  return is_open_ || std::ranges::any_of(payers_, [this](const auto& entry) {
           return entry.second.in_a_row >= limit_;
         });
}

Breaker::Failures& Breaker::remember(const std::string& payer) {
  auto it = payers_.find(payer);
  if (it == payers_.end()) {
    if (payers_.size() == kMostPayers) {
      payers_.erase(std::ranges::min_element(
          payers_, {}, [](const auto& entry) { return entry.second.rests_until; }));
    }
    it = payers_.emplace(payer, Failures()).first;
  }
  return it->second;
}

}  // namespace imprint::hooks
