// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "encoding/json.h"

namespace imprint::bench {

/// What it costs the server to be watched, for each device onboarded from a claim with a CSR: in
/// microseconds of its processor time.
struct WatchingCost {
  double events = 0;         ///< of the audit trail, a device
  double metrics_us = 0;     ///< the counters and histograms that one onboarding touches
  double chain_us = 0;       ///< the hashes of its events
  double archive_us = 0;     ///< its lines in the archive: everything that thread does
  double onboarding_us = 0;  ///< the whole of it, these included

  [[nodiscard]] double share() const {
    return (metrics_us + chain_us + archive_us) / onboarding_us;
  }
};

/// Counts as one onboarding does, many times; microseconds each.
double measure_metrics();

struct ChainCost {
  double events = 0;  ///< a device
  double us = 0;      ///< a device
};
/// Hashes the events of those devices again whose client id begins so, from the server's archive.
ChainCost measure_chain(const std::filesystem::path& archive, std::string_view clients);

std::string to_text(const WatchingCost& cost);
encoding::json::object to_json(const WatchingCost& cost);

}  // namespace imprint::bench
