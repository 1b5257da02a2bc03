// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "registry/job_records.h"

/// How fast a job is rolled out, and when it is aborted (AWS IoT Jobs, "Job rollout, scheduling,
/// and abort configurations").
namespace imprint::jobs {

/// The number of things of a job, by the status of their execution.
using ExecutionCounts = std::array<std::int64_t, registry::kJobExecutionStatuses>;

inline std::int64_t count_of(const ExecutionCounts& counts, registry::JobExecutionStatus status) {
  return counts[static_cast<std::size_t>(status)];
}
/// Things that have an execution of the job.
std::int64_t notified(const ExecutionCounts& counts);
/// Things whose execution has ended.
std::int64_t executed(const ExecutionCounts& counts);

/// The rate of a job that sets none, which is the highest that AWS allows.
inline constexpr std::int64_t kDefaultPerMinute = 1'000;
/// The highest rate that Imprint allows.
inline constexpr std::int64_t kMaxPerMinute = 60'000;

/// The current limit on the things notified per minute.
std::int64_t rate_per_minute(const registry::JobRollout& rollout, const ExecutionCounts& counts);

/// Spreads a rate over the seconds of a minute.
class Pace {
 public:
  /// How many things may be notified now. After a pause, at most one second's worth (or one thing),
  /// so that no burst follows it.
  std::int64_t take(std::int64_t per_minute, Monotonic now);
  /// Some of what was taken last has not been used.
  void give_back(std::int64_t unused) { saved_ += static_cast<double>(unused); }

 private:
  std::optional<Monotonic> last_ = {};
  double saved_ = 0;
};

/// The first abort criterion that is met, if any.
std::optional<registry::AbortCriterion> find_abort(const registry::JobPlan& plan,
                                                   const ExecutionCounts& counts);

/// "25.00 % of executed things FAILED; the limit is 20.00 %".
std::string describe(const registry::AbortCriterion& criterion, const ExecutionCounts& counts);

}  // namespace imprint::jobs
