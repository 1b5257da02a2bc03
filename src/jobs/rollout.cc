// SPDX-License-Identifier: Apache-2.0
#include "jobs/rollout.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace imprint::jobs {

namespace {

using registry::AbortCriterion;
using registry::JobFailure;
using Status = registry::JobExecutionStatus;

std::int64_t failures(JobFailure failure, const ExecutionCounts& counts) {
  const std::int64_t failed = count_of(counts, Status::failed);
  const std::int64_t rejected = count_of(counts, Status::rejected);
  const std::int64_t timed_out = count_of(counts, Status::timed_out);
  switch (failure) {
    case JobFailure::failed:
      return failed;
    case JobFailure::rejected:
      return rejected;
    case JobFailure::timed_out:
      return timed_out;
    case JobFailure::all:
      break;
  }
  return failed + rejected + timed_out;
}

std::int64_t exponential(const registry::ExponentialRate& rate, const ExecutionCounts& counts) {
  const std::int64_t steps = rate.succeeded_things
                                 ? count_of(counts, Status::succeeded) / *rate.succeeded_things
                             : rate.notified_things ? notified(counts) / *rate.notified_things
                                                    : 0;
  const double factor =
      std::pow(static_cast<double>(rate.increment_tenths) / 10.0, static_cast<double>(steps));
  const double grown = static_cast<double>(rate.base_per_minute) * factor;
  return grown < static_cast<double>(kMaxPerMinute) ? std::llround(std::floor(grown))
                                                    : kMaxPerMinute;
}

}  // namespace

std::int64_t notified(const ExecutionCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

std::int64_t executed(const ExecutionCounts& counts) {
  return notified(counts) - count_of(counts, Status::queued) -
         count_of(counts, Status::in_progress);
}

std::int64_t rate_per_minute(const registry::JobRollout& rollout, const ExecutionCounts& counts) {
  const std::int64_t most = rollout.maximum_per_minute.value_or(kDefaultPerMinute);
  if (!rollout.exponential) return most;
  return std::min(most, exponential(*rollout.exponential, counts));
}

std::int64_t Pace::take(std::int64_t per_minute, Monotonic now) {
  const double per_second = static_cast<double>(per_minute) / 60.0;
  const std::chrono::duration<double> passed =
      last_ ? now - *last_ : std::chrono::duration<double>(1);
  last_ = now;
  saved_ = std::min(saved_ + passed.count() * per_second, std::max(per_second, 1.0));
  const double whole = std::floor(saved_);
  saved_ -= whole;
  return static_cast<std::int64_t>(whole);
}

std::optional<AbortCriterion> find_abort(const registry::JobPlan& plan,
                                         const ExecutionCounts& counts) {
  const std::int64_t ended = executed(counts);
  for (const AbortCriterion& criterion : plan.abort_criteria) {
    if (ended < std::max<std::int64_t>(criterion.min_executed_things, 1)) continue;
    if (failures(criterion.failure, counts) * 10'000 >= criterion.threshold_hundredths * ended)
      return criterion;
  }
  return std::nullopt;
}

std::string describe(const AbortCriterion& criterion, const ExecutionCounts& counts) {
  const double share = 100.0 * static_cast<double>(failures(criterion.failure, counts)) /
                       static_cast<double>(std::max<std::int64_t>(executed(counts), 1));
  return fmt::format("{:.2f} % of executed things {}; the limit is {:.2f} %", share,
                     criterion.failure == JobFailure::all ? "failed, rejected or timed out"
                                                          : to_string(criterion.failure),
                     static_cast<double>(criterion.threshold_hundredths) / 100.0);
}

}  // namespace imprint::jobs
