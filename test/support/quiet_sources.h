// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitoring/monitor.h"

namespace imprint::test {

/// The sources of a monitor when all is well: the counters of `metrics`, a large disk, no
/// certificates of the server.
inline monitoring::Sources quiet_sources(const telemetry::Metrics& metrics) {
  return {.totals = [&metrics] { return metrics.totals(); },
          .connections = [&metrics] { return metrics.connections_by_shard(); },
          .certificates = [] { return std::array<std::size_t, 6>{}; },
          .disk = [] { return alarms::DiskSpace{.free_mib = 1'000'000, .total_mib = 1'000'000}; },
          .own_certificates = [] { return std::vector<alarms::WatchedCertificate>(); },
          .device_validity = [] { return Seconds(std::chrono::hours(24 * 3650)); }};
}

}  // namespace imprint::test
