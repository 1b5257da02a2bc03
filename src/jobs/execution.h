// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "registry/store.h"

/// The state transitions of one execution of a job, as pure functions of the execution, its job and
/// the time (AWS IoT Jobs, "Job execution states").
namespace imprint::jobs {

using registry::Job;
using registry::JobExecution;
using registry::JobExecutionStatus;

/// stepTimeoutInMinutes: -1 clears the step timer.
inline constexpr std::int64_t kClearStepTimer = -1;
inline constexpr std::int64_t kMaxTimeoutMinutes = 10'080;

/// UpdateJobExecution, as the device sends it.
struct ExecutionUpdate {
  JobExecutionStatus status = JobExecutionStatus::in_progress;
  std::optional<registry::Attributes> details = {};  ///< replace the stored ones
  std::optional<std::int64_t> expected_version = {};
  std::optional<std::int64_t> step_timeout_minutes = {};
};

/// Whether the execution has this update already: a device that lost the answer sends the update
/// again, with the same expected version.
bool is_carried_out(const JobExecution& execution, const ExecutionUpdate& update);

/// The execution after an update by its device. Errors: Fault::conflict with the cause
/// VersionMismatch or InvalidStateTransition; Fault::invalid for a step timeout that is too long.
Result<JobExecution> update_execution(JobExecution execution, const ExecutionUpdate& update,
                                      const Job& job, Timestamp now);

/// The execution after it ends with a terminal status, without its timers.
JobExecution end_execution(JobExecution execution, JobExecutionStatus status, Timestamp now);

/// The next attempt after one that has FAILED or TIMED_OUT, if the job allows another.
std::optional<JobExecution> next_attempt(const JobExecution& ended, const Job& job, Timestamp now);

/// Replaces the execution `before`, as it was read, by `after`, adds the next attempt if there is
/// one, and updates the counters of the job.
void change_execution(registry::ChangeSet& changes, const JobExecution& before, JobExecution after,
                      std::optional<JobExecution> next = {});

/// Adds a new execution and counts it.
void add_execution(registry::ChangeSet& changes, JobExecution execution);

/// Removes an execution, whatever its status, and no longer counts it.
void erase_execution(registry::ChangeSet& changes, const JobExecution& execution);

}  // namespace imprint::jobs
