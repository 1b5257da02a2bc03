// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/execution.h"
#include "jobs/rollout.h"

namespace imprint::jobs {

/// What happens to jobs by itself: they are rolled out at their pace, aborted, completed, and end
/// when their time is up; executions time out; what is canceled or deleted is taken back. Each step
/// is a bounded change set, so that a crash leaves a state from which the next step continues. Used
/// on one thread, except for changed().
class JobRunner {
 public:
  JobRunner(registry::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// Finds the jobs with work left. Call once, before the first step.
  registry::Task<Result<void>> load();

  /// Call from the store's listener: a job was created, canceled or deleted. Any thread.
  void changed(const registry::ChangeSet& changes);

  /// One step of every job with work left, and of executions that have timed out. The answer is
  /// whether another step can follow at once; otherwise a fraction of a second later is soon
  /// enough.
  registry::Task<Result<bool>> step();

  /// The most executions that one change set creates or ends.
  static constexpr std::size_t kBatch = 250;

 private:
  /// What a step of one job came to.
  enum class Left : std::uint8_t {
    nothing,  ///< it has ended, or is gone
    later,    ///< devices, its pace or its schedule decide
    more,     ///< another step can follow at once
  };

  void take_changed();
  registry::Task<Result<Left>> step_job(JobId id);
  registry::Task<Result<Left>> advance(Job job, ExecutionCounts counts);
  registry::Task<Result<Left>> roll_out(Job job, registry::JobProgress progress,
                                        ExecutionCounts counts);
  registry::Task<Result<std::vector<JobExecution>>> new_executions(JobId job,
                                                                   std::vector<ThingName> things);
  registry::Task<Result<Left>> take_back(Job job, ExecutionCounts counts);
  registry::Task<Result<Left>> remove(Job job);
  registry::Task<Result<bool>> time_out();
  registry::Task<Result<ExecutionCounts>> count(JobId id);

  registry::Store& store_;
  const Clock& clock_;
  std::map<JobId, Pace> active_;  ///< jobs with work left
  std::mutex mutex_;
  std::set<JobId> changed_;
};

/// Sets a job's status to CANCELED; the runner takes its executions back. `is_forced`: those
/// IN_PROGRESS, too.
Job cancel_job(Job job, bool is_forced, std::string reason_code, std::string comment,
               Timestamp now);

}  // namespace imprint::jobs
