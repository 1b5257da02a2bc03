// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "registry/job_records.h"

/// How fast a job is rolled out, and when it is stopped (AWS IoT Jobs, "Job rollout, scheduling,
/// and abort configurations").
namespace imprint::jobs {

/// How many things of a job have each status.
using ExecutionCounts = std::array<std::int64_t, registry::kJobExecutionStatuses>;

inline std::int64_t count_of(const ExecutionCounts& counts, registry::JobExecutionStatus status) {
  return counts[static_cast<std::size_t>(status)];
}
/// Things that were given the job.
std::int64_t notified(const ExecutionCounts& counts);
/// Things whose execution has ended.
std::int64_t executed(const ExecutionCounts& counts);

/// A job without a rate of its own; the most that AWS allows.
inline constexpr std::int64_t kDefaultPerMinute = 1'000;
/// The most that Imprint allows.
inline constexpr std::int64_t kMaxPerMinute = 60'000;

/// Things a minute that may be notified now.
std::int64_t rate_per_minute(const registry::JobRollout& rollout, const ExecutionCounts& counts);

/// Spreads a rate over the seconds of a minute.
class Pace {
 public:
  /// How many may go now, since the last call: at most what a second's worth comes to, so that a
  /// pause is not made up for by a burst.
  std::int64_t take(std::int64_t per_minute, Monotonic now);

 private:
  std::optional<Monotonic> last_ = {};
  double saved_ = 0;
};

/// The criterion by which the job is aborted now, if there is one.
std::optional<registry::AbortCriterion> find_abort(const registry::JobPlan& plan,
                                                   const ExecutionCounts& counts);

/// "25.00 % of executed things FAILED; the limit is 20.00 %".
std::string describe(const registry::AbortCriterion& criterion, const ExecutionCounts& counts);

}  // namespace imprint::jobs
