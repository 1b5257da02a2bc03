// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "encoding/json.h"

namespace imprint::bench {

/// The server's cost of metrics and audit trail for each device onboarded from a claim with a CSR,
/// in microseconds of CPU time.
struct WatchingCost {
  double events = 0;         ///< audit events per device
  double metrics_us = 0;     ///< the counters and histograms that one onboarding touches
  double chain_us = 0;       ///< the hashes of its events
  double archive_us = 0;     ///< its lines in the archive: all work of that thread
  double onboarding_us = 0;  ///< the whole onboarding, including the above

  [[nodiscard]] double share() const {
    return (metrics_us + chain_us + archive_us) / onboarding_us;
  }
};

/// Updates the metrics of one onboarding many times; returns microseconds per onboarding.
double measure_metrics();

struct ChainCost {
  double events = 0;  ///< per device
  double us = 0;      ///< per device
};
/// Hashes the events of the devices with this client id prefix again, from the server's archive.
ChainCost measure_chain(const std::filesystem::path& archive, std::string_view clients);

std::string to_text(const WatchingCost& cost);
encoding::json::object to_json(const WatchingCost& cost);

}  // namespace imprint::bench
