// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "encoding/json.h"
#include "fleet/failure.h"

namespace imprint::fleet {

using Duration = std::chrono::nanoseconds;

/// The result of one device.
struct Outcome {
  std::string device;  ///< its serial number
  std::array<std::optional<Duration>, kSteps> steps = {};
  Duration total = {};  ///< from generating its key to the last disconnect
  unsigned retries = 0;
  std::optional<Failure> failure = {};
};

/// Nearest-rank percentiles of a set of durations.
struct Latency {
  std::size_t count = 0;
  Duration p50 = {};
  Duration p90 = {};
  Duration p99 = {};
  Duration max = {};

  /// Sorts `values`. All members are zero if there are none.
  static Latency of(std::vector<Duration>& values);
};

/// Failures of one cause, code and step.
struct FailureGroup {
  struct Example {
    std::string device;
    std::string message;
  };
  Cause cause = Cause::local;
  std::string code;
  Step step = Step::connect;
  std::uint64_t count = 0;
  std::vector<Example> examples;  ///< the first few
};

/// The result of a run. Latencies cover only successful devices and steps.
struct Report {
  std::size_t devices = 0;
  std::size_t succeeded = 0;
  std::uint64_t retries = 0;
  Duration elapsed = {};
  std::array<Latency, kSteps> steps = {};
  Latency total = {};
  std::vector<FailureGroup> failures = {};  ///< most frequent first

  [[nodiscard]] std::size_t failed() const { return devices - succeeded; }
  /// Devices that succeeded, per second.
  [[nodiscard]] double rate() const;
};

/// A text of several lines for people.
std::string to_text(const Report& report);
/// {devices, succeeded, failed, retries, seconds, devicesPerSecond,
///  latencyMs: {whole, connect, ...: {count, p50, p90, p99, max}}, failures: [{cause, code, step,
///  count, examples: [{device, message}]}]}
encoding::json::object to_json_object(const Report& report);

/// Collects outcomes; one per thread, merged at the end.
class Tally {
 public:
  static constexpr std::size_t kExamples = 3;
  /// Codes come from the server; beyond this many groups, failures are counted under the code
  /// "other".
  static constexpr std::size_t kMaxGroups = 64;

  void add(Outcome outcome);
  void merge(Tally&& other);
  [[nodiscard]] Report report(Duration elapsed) &&;

 private:
  using GroupKey = std::tuple<Cause, std::string, Step>;
  FailureGroup& group(const Failure& failure);

  std::size_t devices_ = 0;
  std::uint64_t retries_ = 0;
  std::array<std::vector<Duration>, kSteps> steps_;
  std::vector<Duration> totals_;
  std::map<GroupKey, FailureGroup> failures_;
};

}  // namespace imprint::fleet
