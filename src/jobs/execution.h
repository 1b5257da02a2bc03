// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "registry/store.h"

/// What may become of one execution of a job: pure functions of the execution, its job and the
/// time (AWS IoT Jobs, "Job execution states").
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
  std::optional<registry::Attributes> details = {};  ///< replaces those stored
  std::optional<std::int64_t> expected_version = {};
  std::optional<std::int64_t> step_timeout_minutes = {};
};

/// Whether an execution is what this update has made of it: a device that lost the answer sends the
/// update again, with the version that it knew.
bool is_carried_out(const JobExecution& execution, const ExecutionUpdate& update);

/// The execution after an update of its device. Fault::conflict with the cause VersionMismatch or
/// InvalidStateTransition, or Fault::invalid.
Result<JobExecution> update_execution(JobExecution execution, const ExecutionUpdate& update,
                                      const Job& job, Timestamp now);

/// Statuses that a device does not choose: TIMED_OUT, CANCELED, REMOVED.
JobExecution end_execution(JobExecution execution, JobExecutionStatus status, Timestamp now);

/// The next attempt after one that has failed or timed out, if the job has one left.
std::optional<JobExecution> next_attempt(const JobExecution& ended, const Job& job, Timestamp now);

/// Adds what changes an execution to what it is now, and the next attempt if there is one, with the
/// counters of its job. `before` is the execution as it was read.
void change_execution(registry::ChangeSet& changes, const JobExecution& before, JobExecution after,
                      std::optional<JobExecution> next = {});

/// Adds an execution that is new.
void add_execution(registry::ChangeSet& changes, JobExecution execution);

/// Removes an execution of any status.
void erase_execution(registry::ChangeSet& changes, const JobExecution& execution);

}  // namespace imprint::jobs
