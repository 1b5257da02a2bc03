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

/// Looks at what changes slowly, and judges it: claims, certificates and CAs in the registry. Each
/// look is bounded in what it reads. Used on one thread.
class Lookout {
 public:
  /// Of CAs, and of certificates that end; what is beyond is not looked at. Read at a time.
  static constexpr std::size_t kMost = 1'000;
  static constexpr std::size_t kMostClaims = 20'000;

  explicit Lookout(registry::Store& store) : store_(store) {}

  struct Claims {
    std::vector<alarms::Finding> batches;  ///< Kind::no_success, all of them
    std::vector<alarms::Finding> frozen;   ///< Kind::claim_frozen: by the server, not by people
    std::vector<alarms::Ending> open;      ///< with devices left
  };
  runtime::Task<Result<Claims>> look_at_claims(alarms::Options options, Timestamp now,
                                               Monotonic monotonic);

  /// Kind::certificates_expiring and Kind::ca_expiring, all of them. `own`: what is not in the
  /// registry, and the open claims.
  runtime::Task<Result<std::vector<alarms::Finding>>> look_at_endings(
      alarms::ExpiryOptions options, std::vector<alarms::Ending> own, Timestamp now);

  /// Those of these certificates that are frozen no longer.
  runtime::Task<Result<std::vector<std::string>>> thawed(std::vector<std::string> ids);

 private:
  /// When the number of a claim's devices was last seen to grow.
  struct Progress {
    std::int64_t devices = 0;
    Monotonic at = {};
    bool has_grown = false;  ///< not only found so
  };

  registry::Store& store_;
  std::map<std::string, Progress> progress_;
};

}  // namespace imprint::monitoring
