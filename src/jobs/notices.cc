// SPDX-License-Identifier: Apache-2.0
#include "jobs/notices.h"

namespace imprint::jobs {

namespace {

using registry::Task;
using Status = JobExecutionStatus;

/// The order of pending executions (registry::query::PendingExecutions).
std::string turn_of(const JobExecution& execution, Status status) {
  return fmt::format("{}{:016}/{}/{:010}", status == Status::in_progress ? 0 : 1,
                     to_milliseconds(execution.queued), execution.job.str(), execution.number);
}

bool has_just_started(const JobExecution& execution) {
  return execution.status == Status::in_progress && execution.started == execution.modified;
}

/// The turn that a stored execution had before the change that stored it; an empty string if it had
/// none, nothing if its turn has not changed.
std::optional<std::string> turn_before(const JobExecution& execution) {
  if (is_terminal(execution.status))
    return turn_of(execution, execution.started ? Status::in_progress : Status::queued);
  if (has_just_started(execution)) return turn_of(execution, Status::queued);
  if (execution.version == 1) return "";
  return std::nullopt;
}

ExecutionId id_of(const JobExecution& execution) { return {execution.job, execution.number}; }

std::optional<ExecutionId> next_of(const PendingJobs& pending) {
  if (!pending.in_progress.empty()) return id_of(pending.in_progress.front());
  if (!pending.queued.empty()) return id_of(pending.queued.front());
  return std::nullopt;
}

/// Which one was next, before some moved.
std::optional<ExecutionId> next_before(
    const PendingJobs& pending, const std::map<ExecutionId, std::optional<std::string>>& moved) {
  std::map<std::string, ExecutionId> before;
  for (const auto* list : {&pending.in_progress, &pending.queued}) {
    for (const JobExecution& execution : *list) {
      if (!moved.contains(id_of(execution)))
        before.emplace(turn_of(execution, execution.status), id_of(execution));
    }
  }
  for (const auto& [id, was] : moved) {
    if (was) before.emplace(*was, id);
  }
  if (before.empty()) return std::nullopt;
  return before.begin()->second;
}

}  // namespace

void JobNotices::changed(const registry::ChangeSet& changes) {
  for (const registry::Change& change : changes.changes) {
    const auto* put = std::get_if<registry::Put>(&change);
    const auto* execution = put == nullptr ? nullptr : std::get_if<JobExecution>(&put->record);
    if (execution == nullptr) continue;
    auto before = turn_before(*execution);
    if (!before) continue;
    std::optional<std::string> was;
    if (!before->empty()) was = std::move(*before);
    const std::scoped_lock lock(mutex_);
    changes_[execution->thing].try_emplace(id_of(*execution), std::move(was));
  }
}

Task<Result<std::vector<Notice>>> JobNotices::take(std::size_t most) {
  Changes changes = take_changes(most);
  std::vector<Notice> out;
  for (auto it = changes.begin(); it != changes.end(); it = changes.erase(it)) {
    auto notice = co_await notice_of(it->first, it->second);
    if (!notice) {
      put_back(std::move(changes));
      if (out.empty()) co_return tl::unexpected(std::move(notice).error());
      co_return out;
    }
    if (*notice) out.push_back(std::move(**notice));
  }
  co_return out;
}

Task<Result<std::optional<Notice>>> JobNotices::notice_of(ThingName thing, Moved moved) {
  auto pending = co_await jobs_.pending(thing);
  // The thing was deleted.
  if (!pending && pending.error().fault == Fault::not_found) co_return std::optional<Notice>();
  if (!pending) co_return tl::unexpected(std::move(pending).error());
  Notice notice{.thing = thing, .pending = std::move(*pending)};
  notice.has_new_next = next_of(notice.pending) != next_before(notice.pending, moved);
  if (!notice.has_new_next) co_return notice;
  CO_TRY_ASSIGN(notice.next, co_await jobs_.describe(thing, std::nullopt, std::nullopt));
  co_return notice;
}

JobNotices::Changes JobNotices::take_changes(std::size_t most) {
  const std::scoped_lock lock(mutex_);
  if (changes_.size() <= most) return std::exchange(changes_, {});
  Changes out;
  while (out.size() < most) out.insert(changes_.extract(changes_.begin()));
  return out;
}

void JobNotices::put_back(Changes changes) {
  const std::scoped_lock lock(mutex_);
  for (auto& [thing, moved] : changes) {
    moved.merge(std::move(changes_[thing]));
    changes_[thing] = std::move(moved);
  }
}

}  // namespace imprint::jobs
