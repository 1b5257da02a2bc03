// SPDX-License-Identifier: Apache-2.0
#include "jobs/execution.h"

#include <algorithm>
#include <chrono>

#include "outcome/causes.h"

namespace imprint::jobs {

namespace {

using Status = JobExecutionStatus;
using registry::JobFailure;
using std::chrono::minutes;

Result<void> check_transition(const JobExecution& execution, const ExecutionUpdate& update) {
  if (update.expected_version && *update.expected_version != execution.version) {
    return tl::unexpected(
        Error{Fault::conflict,
              fmt::format("the execution has version {}, not {}; it was changed since it was read",
                          execution.version, *update.expected_version),
              "expectedVersion", "VersionMismatch"_cause});
  }
  if (is_terminal(execution.status)) {
    return tl::unexpected(
        Error{Fault::conflict,
              fmt::format("the execution is {}, which is final", to_string(execution.status)),
              "status", "InvalidStateTransition"_cause});
  }
  return {};
}

Result<void> set_step_timer(JobExecution& execution, const ExecutionUpdate& update, Timestamp now) {
  if (!update.step_timeout_minutes) return {};
  if (*update.step_timeout_minutes == kClearStepTimer) {
    execution.step_until.reset();
    return {};
  }
  const Timestamp until = now + minutes(*update.step_timeout_minutes);
  if (execution.in_progress_until && until > *execution.in_progress_until) {
    return fail_at(Fault::invalid, "stepTimeoutInMinutes",
                   "a step of {} minutes ends after the execution as a whole times out",
                   *update.step_timeout_minutes);
  }
  execution.step_until = until;
  return {};
}

bool is_retried(JobFailure failure, Status status) {
  switch (failure) {
    case JobFailure::failed:
      return status == Status::failed;
    case JobFailure::timed_out:
      return status == Status::timed_out;
    case JobFailure::all:
      return status == Status::failed || status == Status::timed_out;
    case JobFailure::rejected:
      break;
  }
  return false;
}

/// Things are counted, not attempts.
void count(registry::ChangeSet& changes, const JobExecution& execution, std::int64_t by) {
  if (execution.is_retried) return;
  changes.add(registry::Count{registry::executions_counter(execution.job, execution.status), by});
}

}  // namespace

bool is_carried_out(const JobExecution& execution, const ExecutionUpdate& update) {
  return !update.step_timeout_minutes && update.expected_version == execution.version - 1 &&
         update.status == execution.status &&
         (!update.details || *update.details == execution.details);
}

Result<JobExecution> update_execution(JobExecution execution, const ExecutionUpdate& update,
                                      const Job& job, Timestamp now) {
  TRY(check_transition(execution, update));
  if (update.status != Status::in_progress) {
    if (update.details) execution.details = *update.details;
    return end_execution(std::move(execution), update.status, now);
  }
  if (execution.status == Status::queued) {
    if (job.status != registry::JobStatus::in_progress) {
      return tl::unexpected(Error{Fault::conflict,
                                  fmt::format("the job is {}", to_string(job.status)), "status",
                                  "InvalidStateTransition"_cause});
    }
    execution.started = now;
    if (job.plan.timeout_minutes)
      execution.in_progress_until = now + minutes(*job.plan.timeout_minutes);
  }
  TRY(set_step_timer(execution, update, now));
  if (update.details) execution.details = *update.details;
  execution.status = Status::in_progress;
  execution.modified = now;
  return execution;
}

JobExecution end_execution(JobExecution execution, JobExecutionStatus status, Timestamp now) {
  execution.status = status;
  execution.in_progress_until.reset();
  execution.step_until.reset();
  execution.modified = now;
  return execution;
}

std::optional<JobExecution> next_attempt(const JobExecution& ended, const Job& job, Timestamp now) {
  if (job.status != registry::JobStatus::in_progress) return std::nullopt;
  std::int64_t allowed = 0;
  for (const registry::RetryCriterion& criterion : job.plan.retries) {
    if (is_retried(criterion.failure, ended.status)) allowed = std::max(allowed, criterion.retries);
  }
  if (ended.retry >= allowed) return std::nullopt;
  return JobExecution{.thing = ended.thing,
                      .job = ended.job,
                      .number = ended.number + 1,
                      .retry = ended.retry + 1,
                      .queued = now,
                      .modified = now};
}

void change_execution(registry::ChangeSet& changes, const JobExecution& before, JobExecution after,
                      std::optional<JobExecution> next) {
  after.is_retried = next.has_value();
  count(changes, before, -1);
  count(changes, after, 1);
  changes.add(registry::update(std::move(after)));
  if (next) add_execution(changes, std::move(*next));
}

void add_execution(registry::ChangeSet& changes, JobExecution execution) {
  count(changes, execution, 1);
  changes.add(registry::create(std::move(execution)));
}

void erase_execution(registry::ChangeSet& changes, const JobExecution& execution) {
  count(changes, execution, -1);
  changes.add(registry::erase(execution));
}

}  // namespace imprint::jobs
