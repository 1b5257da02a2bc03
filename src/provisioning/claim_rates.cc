// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_rates.h"

namespace imprint::provisioning {

std::deque<Monotonic>& ClaimRates::recent(const CertificateId& claim, const registry::Rate& rate,
                                          Monotonic now) {
  std::deque<Monotonic>& devices = devices_[claim];
  while (!devices.empty() && now - devices.front() >= rate.per) devices.pop_front();
  return devices;
}

bool ClaimRates::take(const CertificateId& claim, const registry::Rate& rate, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  std::deque<Monotonic>& devices = recent(claim, rate, now);
  if (static_cast<std::int64_t>(devices.size()) >= rate.most) return false;
  devices.push_back(now);
  return true;
}

bool ClaimRates::has_room(const CertificateId& claim, const registry::Rate& rate, Monotonic now) {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::int64_t>(recent(claim, rate, now).size()) < rate.most;
}

}  // namespace imprint::provisioning
