// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/crypto_floor.h"
#include "encoding/json.h"
#include "fleet/report.h"

namespace imprint::bench {

/// One scenario, run once, with the yardsticks of the same moment.
struct Sample {
  fleet::Report report;
  double server_cpu_us = 0;                      ///< per device
  double client_cpu_us = 0;                      ///< per device
  std::map<std::string, double> thread_us = {};  ///< the parts of server_cpu_us by thread name
  double floor_us = 0;                           ///< F: the bare cryptography of this scenario
  double handshake_us = 0;                       ///< H: one mutual TLS handshake in memory

  [[nodiscard]] double over_floor() const { return server_cpu_us / floor_us; }
  [[nodiscard]] double over_handshake() const { return server_cpu_us / handshake_us; }
};

struct Series {
  std::string name;
  std::string about;
  std::vector<Sample> samples = {};
};

double median(std::vector<double> values);
/// Rounded to two decimal places, as written to the results file.
double rounded(double value);
/// The median of one figure over a series.
double median(const Series& series, double (*figure)(const Sample&));

std::string to_text(const std::vector<Series>& all);
encoding::json::array to_json(const std::vector<Series>& all);

/// Processor, cores, kernel, memory, OpenSSL, load average.
encoding::json::object describe_machine();
/// "2026-01-31" in UTC.
std::string today();
/// The short hash of the checked-out commit, with "-dirty" if files differ from it, or "unknown"
/// outside a repository.
std::string describe_commit(const std::string& source_folder);

}  // namespace imprint::bench
