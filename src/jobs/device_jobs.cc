// SPDX-License-Identifier: Apache-2.0
#include "jobs/device_jobs.h"

#include <algorithm>

#include "trail/event.h"

namespace imprint::jobs {

namespace {

using registry::Task;
using Status = JobExecutionStatus;
using Found = std::optional<ExecutionWithDocument>;

Result<void> check_step_timeout(const std::optional<std::int64_t>& minutes) {
  if (!minutes || *minutes == kClearStepTimer || (*minutes >= 1 && *minutes <= kMaxTimeoutMinutes))
    return {};
  return fail_at(Fault::invalid, "stepTimeoutInMinutes",
                 "{} is out of range; send 1 to {} minutes, or -1 to stop the step timer", *minutes,
                 kMaxTimeoutMinutes);
}

}  // namespace

Task<Result<std::vector<JobExecution>>> DeviceJobs::list_pending(ThingName thing,
                                                                 std::size_t most) {
  CO_TRY_ASSIGN(registry::Page page, co_await store_.list(registry::query::PendingExecutions{thing},
                                                          registry::Cursor{{}, most}));
  std::vector<JobExecution> out;
  for (registry::Record& record : page.records)
    out.push_back(std::get<JobExecution>(std::move(record)));
  if (out.empty()) CO_TRY(co_await registry::get(store_, registry::thing_key(thing)));
  co_return out;
}

Task<Result<PendingJobs>> DeviceJobs::pending(ThingName thing) {
  CO_TRY_ASSIGN(std::vector<JobExecution> all, co_await list_pending(thing, kMostPending));
  PendingJobs out;
  for (JobExecution& one : all)
    (one.status == Status::in_progress ? out.in_progress : out.queued).push_back(std::move(one));
  co_return out;
}

Task<Result<Found>> DeviceJobs::start_next(Caller caller, ThingName thing,
                                           std::optional<registry::Attributes> details,
                                           std::optional<std::int64_t> step_timeout_minutes) {
  CO_TRY(check_step_timeout(step_timeout_minutes));
  const ExecutionUpdate update{.status = Status::in_progress,
                               .details = std::move(details),
                               .step_timeout_minutes = step_timeout_minutes};
  co_return co_await registry::retry_on_conflict(
      [&](int) { return start_once(caller, thing, update); });
}

Task<Result<Found>> DeviceJobs::start_once(Caller caller, ThingName thing, ExecutionUpdate update) {
  CO_TRY_ASSIGN(const std::vector<JobExecution> pending,
                co_await list_pending(thing, kMostPending));
  for (const JobExecution& execution : pending) {
    CO_TRY_ASSIGN(const Job job, co_await registry::get(store_, registry::job_key(execution.job)));
    if (execution.status == Status::in_progress) co_return Found({execution, job.plan.document});
    // A job that was canceled takes back what is queued; that may be under way.
    if (job.status != registry::JobStatus::in_progress) continue;
    CO_TRY_ASSIGN(JobExecution started, update_execution(execution, update, job, clock_.now()));
    CO_TRY(co_await commit(caller, execution, started, job));
    ++started.version;
    co_return Found({std::move(started), job.plan.document});
  }
  co_return Found();
}

Task<Result<Found>> DeviceJobs::describe(ThingName thing, std::optional<JobId> job,
                                         std::optional<std::int64_t> number) {
  std::optional<JobExecution> execution;
  if (job) {
    CO_TRY_ASSIGN(std::vector<JobExecution> all, co_await attempts(thing, *job, number));
    execution = std::move(all.back());
  } else {
    CO_TRY_ASSIGN(std::vector<JobExecution> pending, co_await list_pending(thing, 1));
    if (pending.empty()) co_return Found();
    execution = std::move(pending.front());
  }
  CO_TRY_ASSIGN(const Job of, co_await registry::get(store_, registry::job_key(execution->job)));
  co_return Found({std::move(*execution), of.plan.document});
}

Task<Result<std::vector<JobExecution>>> DeviceJobs::attempts(ThingName thing, JobId job,
                                                             std::optional<std::int64_t> number) {
  CO_TRY_ASSIGN(std::vector<JobExecution> all,
                co_await registry::list_all<JobExecution>(
                    store_, registry::query::ExecutionsOfThing{.thing = thing, .job = job}));
  if (number) std::erase_if(all, [&](const JobExecution& one) { return one.number != *number; });
  if (all.empty()) {
    co_return fail(Fault::not_found, "thing {} has no execution{} of job {}", quote(thing.str()),
                   number ? fmt::format(" {}", *number) : "", quote(job.str()));
  }
  co_return all;
}

Task<Result<ExecutionWithDocument>> DeviceJobs::update(Caller caller, ThingName thing, JobId job,
                                                       std::optional<std::int64_t> number,
                                                       ExecutionUpdate update) {
  CO_TRY(check_step_timeout(update.step_timeout_minutes));
  co_return co_await registry::retry_on_conflict(
      [&](int) { return update_once(caller, thing, job, number, update); });
}

Task<Result<ExecutionWithDocument>> DeviceJobs::update_once(Caller caller, ThingName thing,
                                                            JobId job,
                                                            std::optional<std::int64_t> number,
                                                            ExecutionUpdate update) {
  CO_TRY_ASSIGN(const std::vector<JobExecution> all, co_await attempts(thing, job, number));
  CO_TRY_ASSIGN(const Job of, co_await registry::get(store_, registry::job_key(job)));
  const JobExecution& latest = all.back();
  const Timestamp now = clock_.now();
  Result<JobExecution> after = update_execution(latest, update, of, now);
  if (!after) {
    for (const JobExecution& attempt : all) {
      if (is_carried_out(attempt, update))
        co_return ExecutionWithDocument{attempt, of.plan.document};
    }
    co_return tl::unexpected(std::move(after).error());
  }
  CO_TRY(co_await commit(caller, latest, *after, of));
  ++after->version;
  co_return ExecutionWithDocument{std::move(*after), of.plan.document};
}

Task<Result<void>> DeviceJobs::commit(Caller caller, JobExecution before, JobExecution after,
                                      Job job) {
  registry::ChangeSet changes;
  // The trail keeps changes of the status; a device may report progress as often as it likes.
  if (after.status != before.status) {
    changes.events.push_back(
        trail::record({.time = after.modified,
                       .actor = caller.certificate,
                       .correlation = caller.correlation,
                       .thing = after.thing.str(),
                       .certificate = caller.certificate,
                       .client = caller.client},
                      "update_job_execution"_step, trail::Outcome::ok, {},
                      trail::JobExecutionUpdated{.job = after.job.str(),
                                                 .number = after.number,
                                                 .status = std::string(to_string(after.status))}));
  }
  std::optional<JobExecution> next = next_attempt(after, job, after.modified);
  // A job that is canceled meanwhile gets no other attempt.
  if (next) changes.add(registry::as_read(job));
  change_execution(changes, before, std::move(after), std::move(next));
  co_return co_await store_.commit(std::move(changes));
}

}  // namespace imprint::jobs
