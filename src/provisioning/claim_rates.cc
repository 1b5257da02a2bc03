// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_rates.h"

namespace imprint::provisioning {

std::deque<Monotonic>& ClaimRates::recent(const CertificateId& claim, const registry::Rate& rate,
                                          Monotonic now) {
  std::deque<Monotonic>& turns = turns_[claim];
  while (!turns.empty() && now - turns.front() >= rate.per) turns.pop_front();
  return turns;
}

bool ClaimRates::take(const CertificateId& claim, const registry::Rate& rate, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  std::deque<Monotonic>& turns = recent(claim, rate, now);
  if (static_cast<std::int64_t>(turns.size()) >= rate.most) return false;
  turns.push_back(now);
  return true;
}

bool ClaimRates::has_room(const CertificateId& claim, const registry::Rate& rate, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::int64_t>(recent(claim, rate, now).size()) < rate.most;
}

}  // namespace imprint::provisioning
