// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/execution.h"
#include "jobs/rollout.h"

namespace imprint::jobs {

/// Runs jobs: starts them as scheduled, rolls them out at their pace, and aborts, completes or ends
/// them. Times executions out, and cancels or removes those of canceled or deleted jobs. Each
/// change set is bounded and leaves a state from which the runner continues after a crash. Used on
/// one thread, except for changed().
class JobRunner {
 public:
  JobRunner(registry::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// Finds the jobs with work left. Call once, before the first step.
  registry::Task<Result<void>> load();

  /// Call from the store's listener: a job was created, canceled or deleted. Any thread.
  void changed(const registry::ChangeSet& changes);

  /// Performs one step of every job with work left, and times executions out. Returns whether to
  /// call it again at once; otherwise, call it again in a fraction of a second.
  registry::Task<Result<bool>> step();

  /// The most executions that one change set creates or ends.
  static constexpr std::size_t kBatch = 250;
  /// How often a CONTINUOUS job looks for things that have joined its targets.
  static constexpr Seconds kPassPause{30};

 private:
  /// The work that a job has left after a step.
  enum class Left : std::uint8_t {
    nothing,  ///< none: the job has ended or does not exist
    later,    ///< the job waits for devices, its pace or its schedule
    more,     ///< the next step can follow at once
  };

  struct Active {
    Pace pace = {};
    /// Of a CONTINUOUS job: when its targets were last gone through to the end.
    std::optional<Monotonic> passed = {};
  };

  void take_changed();
  registry::Task<Result<Left>> step_job(JobId id);
  registry::Task<Result<Left>> advance(Job job, ExecutionCounts counts);
  registry::Task<Result<Left>> roll_out(Job job, registry::JobProgress progress,
                                        ExecutionCounts counts);
  registry::Task<Result<std::vector<JobExecution>>> new_executions(JobId job,
                                                                   std::vector<ThingName> things);
  registry::Task<Result<std::vector<JobExecution>>> next_executions(Job job,
                                                                    registry::JobProgress& progress,
                                                                    std::size_t most);
  bool begin_another_pass(const Job& job, registry::JobProgress& progress);
  registry::Task<Result<Left>> take_back(Job job, ExecutionCounts counts);
  registry::Task<Result<Left>> remove(Job job, ExecutionCounts counts);
  registry::Task<Result<bool>> time_out();
  registry::Task<Result<registry::ChangeSet>> timed_out(JobExecution execution);
  registry::Task<Result<ExecutionCounts>> count(JobId id);

  registry::Store& store_;
  const Clock& clock_;
  std::map<JobId, Active> active_;  ///< jobs with work left
  std::mutex mutex_;
  std::set<JobId> changed_;
};

/// The job with status CANCELED. Once it is stored, the runner cancels its QUEUED executions and,
/// if `is_forced`, those IN_PROGRESS.
Job cancel_job(Job job, bool is_forced, std::string reason_code, std::string comment,
               Timestamp now);

}  // namespace imprint::jobs
