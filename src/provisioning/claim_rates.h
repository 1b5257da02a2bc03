// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "registry/records.h"

namespace imprint::provisioning {

/// When each claim registered its latest devices: a sliding window, so that no period of the rate's
/// length has more devices than the rate allows. Kept in memory: after a restart it is empty, which
/// attackers cannot bring about. One per process, any thread; it has only claims with a rate, with
/// at most `Rate::most` moments each.
class ClaimRates {
 public:
  /// Counts a device, if the rate allows one more.
  bool take(const CertificateId& claim, const registry::Rate& rate, Monotonic now);
  /// Whether the rate allows one more.
  bool has_room(const CertificateId& claim, const registry::Rate& rate, Monotonic now);

 private:
  std::deque<Monotonic>& recent(const CertificateId& claim, const registry::Rate& rate,
                                Monotonic now);

  std::mutex mutex_;
  std::map<CertificateId, std::deque<Monotonic>> devices_;
};

}  // namespace imprint::provisioning
