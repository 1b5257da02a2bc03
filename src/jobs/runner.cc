// SPDX-License-Identifier: Apache-2.0
#include "jobs/runner.h"

#include <algorithm>
#include <iterator>

#include "jobs/targets.h"
#include "trail/event.h"

namespace imprint::jobs {

namespace {

using registry::JobStatus;
using registry::TargetSelection;
using registry::Task;
using Status = JobExecutionStatus;

bool has_ended(JobStatus status) {
  return status == JobStatus::completed || status == JobStatus::canceled;
}

bool has_reached_end(const Job& job, Timestamp now) {
  return job.schedule.end && now >= *job.schedule.end;
}

/// What the runner decides itself is recorded; what an operator decides, the REST API records.
registry::AuditEvent event_of(const Job& job, trail::Outcome outcome, std::string because,
                              Timestamp now) {
  return trail::record(
      {.time = now}, "end_job"_step, outcome, {.because = std::move(because)},
      trail::JobEnded{.job = job.id.str(), .status = std::string(to_string(job.status))});
}

}  // namespace

Job cancel_job(Job job, bool is_forced, std::string reason_code, std::string comment,
               Timestamp now) {
  job.status = JobStatus::canceled;
  job.is_force_canceled = is_forced;
  job.reason_code = std::move(reason_code);
  job.comment = std::move(comment);
  job.completed = now;
  return job;
}

Task<Result<void>> JobRunner::load() {
  for (const JobStatus status : {JobStatus::scheduled, JobStatus::in_progress, JobStatus::canceled,
                                 JobStatus::deletion_in_progress}) {
    CO_TRY_ASSIGN(
        const std::vector<Job> jobs,
        co_await registry::list_all<Job>(store_, registry::query::Jobs{.status = status}));
    for (const Job& job : jobs) active_.try_emplace(job.id);
  }
  co_return Result<void>();
}

void JobRunner::changed(const registry::ChangeSet& changes) {
  for (const registry::Change& change : changes.changes) {
    const auto* put = std::get_if<registry::Put>(&change);
    const auto* job = put == nullptr ? nullptr : std::get_if<Job>(&put->record);
    if (job == nullptr) continue;
    const std::scoped_lock lock(mutex_);
    changed_.insert(job->id);
  }
}

void JobRunner::take_changed() {
  const std::scoped_lock lock(mutex_);
  for (const JobId& id : changed_) active_.try_emplace(id);
  changed_.clear();
}

Task<Result<bool>> JobRunner::step() {
  take_changed();
  CO_TRY_ASSIGN(bool has_more, co_await time_out());
  std::optional<Error> first_error;
  std::vector<JobId> ids;
  for (const auto& [id, active] : active_) ids.push_back(id);
  for (const JobId& id : ids) {
    auto left = co_await step_job(id);
    // Others change the same job: the next step reads it again.
    if (!left && registry::is_lost_race(left.error())) left = Left::more;
    if (!left) {
      // One job that cannot go on holds up no other.
      if (!first_error) first_error = std::move(left).error();
      continue;
    }
    if (*left == Left::nothing) active_.erase(id);
    has_more = has_more || *left == Left::more;
  }
  if (first_error) co_return tl::unexpected(std::move(*first_error));
  co_return has_more;
}

Task<Result<JobRunner::Left>> JobRunner::step_job(JobId id) {
  CO_TRY_ASSIGN(std::optional<Job> job, co_await registry::find(store_, registry::job_key(id)));
  if (!job) co_return Left::nothing;
  CO_TRY_ASSIGN(const ExecutionCounts counts, co_await count(id));
  if (job->status == JobStatus::deletion_in_progress)
    co_return co_await remove(std::move(*job), counts);
  if (has_ended(job->status)) co_return co_await take_back(std::move(*job), counts);
  co_return co_await advance(std::move(*job), counts);
}

Task<Result<JobRunner::Left>> JobRunner::advance(Job job, ExecutionCounts counts) {
  const Timestamp now = clock_.now();
  CO_TRY_ASSIGN(std::optional<registry::JobProgress> progress,
                co_await registry::find(store_, registry::job_progress_key(job.id)));
  if (!progress) progress = registry::JobProgress{.job = job.id, .version = 0};
  if (job.status == JobStatus::scheduled) {
    if (job.schedule.start && now < *job.schedule.start) co_return Left::later;
    job.status = JobStatus::in_progress;
    registry::ChangeSet started;
    started.add(registry::update(std::move(job), now));
    CO_TRY(co_await store_.commit(std::move(started)));
    co_return Left::more;
  }
  registry::ChangeSet ended;
  if (const auto criterion = find_abort(job.plan, counts)) {
    const std::string because = describe(*criterion, counts);
    job = cancel_job(std::move(job), false, because, "Aborted by its abort criteria", now);
    ended.events.push_back(event_of(job, trail::Outcome::failed, because, now));
  } else if (has_reached_end(job, now) &&
             job.schedule.end_behavior != registry::JobEndBehavior::stop_rollout) {
    const bool is_forced = job.schedule.end_behavior == registry::JobEndBehavior::force_cancel;
    job = cancel_job(std::move(job), is_forced, "SCHEDULED_END", "Its end time has come", now);
    ended.events.push_back(event_of(job, trail::Outcome::ok, "its end time has come", now));
  } else if (job.selection == TargetSelection::snapshot &&
             (progress->is_complete || has_reached_end(job, now)) &&
             executed(counts) == notified(counts)) {
    job.status = JobStatus::completed;
    job.completed = now;
    ended.events.push_back(event_of(job, trail::Outcome::ok, "every execution has ended", now));
  } else {
    co_return co_await roll_out(std::move(job), std::move(*progress), counts);
  }
  ended.add(registry::update(std::move(job), now));
  CO_TRY(co_await store_.commit(std::move(ended)));
  co_return Left::more;
}

Task<Result<JobRunner::Left>> JobRunner::roll_out(Job job, registry::JobProgress progress,
                                                  ExecutionCounts counts) {
  if (has_reached_end(job, clock_.now())) co_return Left::later;
  if (progress.is_complete && !begin_another_pass(job, progress)) co_return Left::later;
  Pace& pace = active_[job.id].pace;
  const auto most = static_cast<std::size_t>(std::min<std::int64_t>(
      pace.take(rate_per_minute(job.plan.rollout, counts), clock_.monotonic()), kBatch));
  if (most == 0) co_return Left::later;
  CO_TRY_ASSIGN(std::vector<JobExecution> executions,
                co_await next_executions(job, progress, most));
  pace.give_back(static_cast<std::int64_t>(most - executions.size()));
  const bool is_pass_over = progress.is_complete;
  registry::ChangeSet changes;
  changes.add(registry::as_read(job));
  changes.add(registry::update(std::move(progress)));
  const bool is_at_pace = executions.size() == most;
  for (JobExecution& execution : executions) {
    changes.add(registry::exists(registry::thing_key(execution.thing)));
    add_execution(changes, std::move(execution));
  }
  CO_TRY(co_await store_.commit(std::move(changes)));
  if (is_pass_over) active_[job.id].passed = clock_.monotonic();
  if (is_pass_over && job.selection == TargetSelection::continuous) co_return Left::later;
  co_return is_at_pace && !is_pass_over ? Left::later : Left::more;
}

/// Whether a CONTINUOUS job goes through its targets once more; `progress` begins anew then.
bool JobRunner::begin_another_pass(const Job& job, registry::JobProgress& progress) {
  if (job.selection != TargetSelection::continuous) return false;
  const std::optional<Monotonic> passed = active_[job.id].passed;
  if (passed && clock_.monotonic() < *passed + kPassPause) return false;
  progress = {.job = job.id, .version = progress.version};
  return true;
}

/// For the next things that have none, at most `most`. Moves `progress` past what was examined,
/// which is bounded.
Task<Result<std::vector<JobExecution>>> JobRunner::next_executions(Job job,
                                                                   registry::JobProgress& progress,
                                                                   std::size_t most) {
  constexpr int kMostPages = 20;
  std::vector<JobExecution> out;
  for (int page = 0; page < kMostPages && out.size() < most && !progress.is_complete; ++page) {
    std::vector<JobExecution> found;
    TargetPage targets{.progress = progress};
    // A page of things that have the job already costs no pace; one with too many others is cut.
    for (const std::size_t size : {kBatch, most - out.size()}) {
      CO_TRY_ASSIGN(targets, co_await next_things(store_, job, progress, size));
      CO_TRY_ASSIGN(found, co_await new_executions(job.id, targets.things));
      std::erase_if(found, [&](const JobExecution& one) {
        return std::ranges::find(out, one.thing, &JobExecution::thing) != out.end();
      });
      if (out.size() + found.size() <= most) break;
    }
    progress = std::move(targets.progress);
    std::ranges::move(found, std::back_inserter(out));
  }
  co_return out;
}

/// For those of the things that exist and have no execution of the job yet.
Task<Result<std::vector<JobExecution>>> JobRunner::new_executions(JobId job,
                                                                  std::vector<ThingName> things) {
  std::ranges::sort(things);
  things.erase(std::ranges::unique(things).begin(), things.end());
  std::vector<registry::KeyOf<registry::Thing>> names;
  std::vector<registry::KeyOf<JobExecution>> firsts;
  for (const ThingName& thing : things) {
    names.push_back(registry::thing_key(thing));
    firsts.push_back(registry::job_execution_key(thing, job, 1));
  }
  CO_TRY_ASSIGN(const auto existing, co_await registry::find_all(store_, std::move(names)));
  CO_TRY_ASSIGN(const auto given, co_await registry::find_all(store_, std::move(firsts)));
  std::vector<JobExecution> out;
  const Timestamp now = clock_.now();
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (existing[i] && !given[i])
      out.push_back({.thing = things[i], .job = job, .queued = now, .modified = now});
  }
  co_return out;
}

Task<Result<JobRunner::Left>> JobRunner::take_back(Job job, ExecutionCounts counts) {
  std::vector<Status> taken = {Status::queued};
  if (job.is_force_canceled) taken.push_back(Status::in_progress);
  for (const Status status : taken) {
    if (count_of(counts, status) == 0) continue;
    CO_TRY_ASSIGN(
        const registry::Page page,
        co_await store_.list(registry::query::ExecutionsOfJob{.job = job.id, .status = status},
                             registry::Cursor{{}, kBatch}));
    registry::ChangeSet changes;
    for (const registry::Record& record : page.records) {
      const auto& execution = std::get<JobExecution>(record);
      JobExecution ended = end_execution(execution, Status::canceled, clock_.now());
      ended.is_force_canceled = job.is_force_canceled;
      change_execution(changes, execution, std::move(ended));
    }
    if (page.records.empty()) continue;
    CO_TRY(co_await store_.commit(std::move(changes)));
    co_return Left::more;
  }
  co_return Left::nothing;
}

Task<Result<JobRunner::Left>> JobRunner::remove(Job job, ExecutionCounts counts) {
  // Devices are notified of executions that are canceled, not of those that are erased.
  Job canceled = job;
  canceled.is_force_canceled = true;
  CO_TRY_ASSIGN(const Left left, co_await take_back(std::move(canceled), counts));
  if (left == Left::more) co_return left;
  CO_TRY_ASSIGN(const registry::Page page,
                co_await store_.list(registry::query::ExecutionsOfJob{.job = job.id},
                                     registry::Cursor{{}, kBatch}));
  registry::ChangeSet changes;
  for (const registry::Record& record : page.records)
    erase_execution(changes, std::get<JobExecution>(record));
  if (page.records.empty()) {
    for (std::size_t i = 0; i < registry::kJobExecutionStatuses; ++i) {
      changes.add(registry::Erase{
          registry::counter_key(registry::executions_counter(job.id, static_cast<Status>(i)))});
    }
    changes.add(registry::Erase{registry::job_progress_key(job.id)});
    changes.add(registry::erase(job));
  }
  CO_TRY(co_await store_.commit(std::move(changes)));
  co_return page.records.empty() ? Left::nothing : Left::more;
}

Task<Result<bool>> JobRunner::time_out() {
  CO_TRY_ASSIGN(const registry::Page page,
                co_await store_.list(registry::query::DueExecutions{clock_.now()},
                                     registry::Cursor{{}, kBatch}));
  if (page.records.empty()) co_return false;
  registry::ChangeSet all;
  std::vector<registry::ChangeSet> each;
  for (const registry::Record& record : page.records) {
    CO_TRY_ASSIGN(registry::ChangeSet one, co_await timed_out(std::get<JobExecution>(record)));
    all.changes.insert(all.changes.end(), one.changes.begin(), one.changes.end());
    each.push_back(std::move(one));
  }
  auto done = co_await store_.commit(std::move(all));
  if (done) co_return page.next.has_value();
  // A device was quicker: the others time out all the same.
  for (registry::ChangeSet& one : each) {
    if (!registry::is_lost_race(done.error())) co_return tl::unexpected(done.error());
    if (auto alone = co_await store_.commit(std::move(one)); !alone) done = std::move(alone);
  }
  co_return page.next.has_value();
}

Task<Result<registry::ChangeSet>> JobRunner::timed_out(JobExecution execution) {
  const Timestamp now = clock_.now();
  CO_TRY_ASSIGN(const std::optional<Job> job,
                co_await registry::find(store_, registry::job_key(execution.job)));
  JobExecution ended = end_execution(execution, Status::timed_out, now);
  std::optional<JobExecution> next;
  if (job) next = next_attempt(ended, *job, now);
  registry::ChangeSet changes;
  if (next) changes.add(registry::as_read(*job));
  change_execution(changes, execution, std::move(ended), std::move(next));
  co_return changes;
}

Task<Result<ExecutionCounts>> JobRunner::count(JobId id) {
  std::vector<registry::KeyOf<registry::Counter>> keys;
  for (std::size_t i = 0; i < registry::kJobExecutionStatuses; ++i)
    keys.push_back(registry::counter_key(registry::executions_counter(id, static_cast<Status>(i))));
  CO_TRY_ASSIGN(const auto found, co_await registry::find_all(store_, std::move(keys)));
  ExecutionCounts counts{};
  for (std::size_t i = 0; i < found.size(); ++i) counts[i] = found[i] ? found[i]->value : 0;
  co_return counts;
}

}  // namespace imprint::jobs
