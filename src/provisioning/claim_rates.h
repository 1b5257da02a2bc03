// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "registry/records.h"

namespace imprint::provisioning {

/// Holds each claim to its rate in a sliding window: no interval of length `Rate::per` contains
/// more than `Rate::most` uses. In memory only: a restart clears the window, but an attacker cannot
/// restart the server. One per process, any thread. Keeps at most `Rate::most` times for each claim
/// that has a rate.
class ClaimRates {
 public:
  /// Counts a use now if the rate allows it; otherwise returns false.
  bool take(const CertificateId& claim, const registry::Rate& rate, Monotonic now);
  /// Whether the rate allows a use now; does not count it.
  bool has_room(const CertificateId& claim, const registry::Rate& rate, Monotonic now);

 private:
  std::deque<Monotonic>& recent(const CertificateId& claim, const registry::Rate& rate,
                                Monotonic now);

  std::mutex mutex_;
  std::map<CertificateId, std::deque<Monotonic>> turns_;
};

}  // namespace imprint::provisioning
