// SPDX-License-Identifier: Apache-2.0
#include "jobs/targets.h"

namespace imprint::jobs {

namespace {

using registry::TargetSelection;
using registry::Task;

void next_target(registry::JobProgress& progress, const registry::Job& job) {
  ++progress.target;
  progress.after.clear();
  progress.is_complete = progress.target >= static_cast<std::int64_t>(job.targets.size());
}

Task<Result<registry::Query>> members_of(registry::Store& store, ThingGroupName name) {
  CO_TRY_ASSIGN(const std::optional<registry::ThingGroup> group,
                co_await registry::find(store, registry::thing_group_key(name)));
  if (!group || !group->is_dynamic())
    co_return registry::Query(registry::query::ThingsInGroup{name});
  CO_TRY_ASSIGN(search::Query search, search::Query::parse(group->query));
  co_return registry::Query(registry::query::SearchThings{std::move(search)});
}

/// Takes a membership of a static group, or a thing that a dynamic group's search has found.
void take(const registry::Record& record, const registry::Job& job, ThingGroupName group,
          std::vector<ThingName>& things) {
  if (const auto* membership = std::get_if<registry::GroupMembership>(&record)) {
    const bool is_late =
        job.selection == TargetSelection::snapshot && membership->created > job.created;
    if (membership->group == group && !is_late) things.push_back(membership->thing);
  } else if (const auto* thing = std::get_if<registry::Thing>(&record)) {
    things.push_back(thing->name);
  }
}

}  // namespace

Task<Result<TargetPage>> next_things(registry::Store& store, registry::Job job,
                                     registry::JobProgress progress, std::size_t most) {
  TargetPage page{.progress = std::move(progress)};
  if (page.progress.is_complete) co_return page;
  if (page.progress.target >= static_cast<std::int64_t>(job.targets.size())) {
    page.progress.is_complete = true;
    co_return page;
  }
  const registry::JobTarget& target = job.targets[static_cast<std::size_t>(page.progress.target)];
  if (const auto* thing = std::get_if<ThingName>(&target)) {
    page.things.push_back(*thing);
    next_target(page.progress, job);
    co_return page;
  }
  const auto& group = std::get<ThingGroupName>(target);
  CO_TRY_ASSIGN(registry::Query members, co_await members_of(store, group));
  CO_TRY_ASSIGN(
      const registry::Page found,
      co_await store.list(std::move(members), registry::Cursor{page.progress.after, most}));
  for (const registry::Record& record : found.records) take(record, job, group, page.things);
  if (found.next) {
    page.progress.after = *found.next;
  } else {
    next_target(page.progress, job);
  }
  co_return page;
}

}  // namespace imprint::jobs
