// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "alarms/options.h"
#include "alarms/rules.h"
#include "base/clock.h"
#include "registry/store.h"

namespace imprint::monitoring {

/// Judges claims, certificates and CAs in the registry, which change slowly. Each check reads a
/// limited number of records. Used on one thread.
class RegistryCheck {
 public:
  /// The most CAs and expiring certificates that are checked; also the page size for claims.
  static constexpr std::size_t kMost = 1'000;
  static constexpr std::size_t kMostClaims = 20'000;

  explicit RegistryCheck(registry::Store& store) : store_(store) {}

  struct Claims {
    std::vector<alarms::Finding> batches;  ///< Kind::no_success; complete
    std::vector<alarms::Finding> frozen;   ///< Kind::claim_frozen: by the server, not by people
    std::vector<alarms::WatchedCertificate> open;  ///< claims with devices left
  };
  runtime::Task<Result<Claims>> check_claims(alarms::Options options, Timestamp now,
                                             Monotonic monotonic);

  /// The findings of Kind::certificates_expiring and Kind::ca_expiring; complete. `own` are the
  /// certificates that are not in the registry, and the open claims.
  runtime::Task<Result<std::vector<alarms::Finding>>> check_expiry(
      alarms::ExpiryOptions options, std::vector<alarms::WatchedCertificate> own, Timestamp now);

  /// The certificates among `ids` that are no longer frozen or do not exist.
  runtime::Task<Result<std::vector<std::string>>> thawed(std::vector<std::string> ids);

 private:
  /// The last observed increase of a claim's number of devices.
  struct Progress {
    std::int64_t devices = 0;
    Monotonic at = {};
    bool has_grown = false;  ///< false until an increase was observed
  };

  registry::Store& store_;
  std::map<std::string, Progress> progress_;
};

}  // namespace imprint::monitoring
