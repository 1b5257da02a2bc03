// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace imprint::telemetry {

/// Statistics of the operating system about this process. Values that cannot be read are 0.
struct Process {
  double start_seconds = 0;  ///< since 1970
  double cpu_seconds = 0;    ///< user and system
  double resident_bytes = 0;
  double open_descriptors = 0;
  double most_descriptors = 0;  ///< the soft limit on open descriptors
};

Process this_process();

}  // namespace imprint::telemetry
