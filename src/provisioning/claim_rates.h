// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "registry/records.h"

namespace imprint::provisioning {

/// How many devices each claim has registered of late: a window that slides, so that no stretch of
/// the rate's length holds more than it allows. In memory: a restart begins anew, which costs an
/// attacker who cannot restart the server nothing, and the line no waiting. One per process, any
/// thread; only claims with a rate are in it, at most `Rate::most` moments of each.
class ClaimRates {
 public:
  /// Takes a turn, if there is one left.
  bool take(const CertificateId& claim, const registry::Rate& rate, Monotonic now);
  /// Whether there is one left.
  bool has_room(const CertificateId& claim, const registry::Rate& rate, Monotonic now);

 private:
  std::deque<Monotonic>& recent(const CertificateId& claim, const registry::Rate& rate,
                                Monotonic now);

  std::mutex mutex_;
  std::map<CertificateId, std::deque<Monotonic>> turns_;
};

}  // namespace imprint::provisioning
