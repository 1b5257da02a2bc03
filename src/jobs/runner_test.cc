// SPDX-License-Identifier: Apache-2.0
#include "jobs/runner.h"

#include <gmock/gmock.h>

#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"

namespace imprint::jobs {
namespace {

using registry::JobStatus;
using runtime::run_blocking;
using testing::ElementsAre;
using Status = JobExecutionStatus;

const JobId kId = *JobId::parse("j");
const ThingGroupName kGroup = *ThingGroupName::parse("g");

ThingName thing(int number) { return *ThingName::parse(fmt::format("d-{:05}", number)); }

struct JobRunnerTest : testing::Test {
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.add(registry::Put{std::move(record)});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }
  void SetUp() override {
    store.watch([this](const registry::ChangeSet& changes) { runner.changed(changes); });
    put(registry::ThingGroup{.name = kGroup, .id = "id"});
  }
  void join(int number) {
    put(registry::Thing{.name = thing(number), .id = "id"});
    put(registry::GroupMembership{.thing = thing(number), .group = kGroup, .created = clock.now()});
  }
  void join_all(int count) {
    for (int i = 0; i < count; ++i) join(i);
  }
  void create(Job job = {.id = kId}) {
    job.id = kId;
    if (job.targets.empty()) job.targets = {kGroup};
    job.created = clock.now();
    put(std::move(job));
  }
  /// Steps until there is nothing to do at once.
  void step() {
    while (true) {
      const auto more = run_blocking(runner.step());
      ASSERT_TRUE(more) << more.error().message;
      if (!*more) return;
    }
  }
  void step_for(Milliseconds time) {
    for (Milliseconds passed{0}; passed < time; passed += Milliseconds(100)) {
      clock.advance(Milliseconds(100));
      step();
    }
  }
  std::vector<JobExecution> executions(std::optional<Status> status = {}) {
    return *run_blocking(registry::list_all<JobExecution>(
        store, registry::query::ExecutionsOfJob{.job = kId, .status = status}));
  }
  std::size_t count(Status status) { return executions(status).size(); }
  void set(JobExecution execution, Status status) {
    registry::ChangeSet changes;
    JobExecution after = end_execution(execution, status, clock.now());
    change_execution(changes, execution, std::move(after));
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }
  Job job() { return *run_blocking(registry::get(store, registry::job_key(kId))); }
  void change(Job job) {
    registry::ChangeSet changes;
    changes.add(registry::update(std::move(job)));
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }

  test::FakeClock clock;
  test::MemoryStore store;
  test::FaultyStore racing{store};
  JobRunner runner{racing, clock};
};

TEST_F(JobRunnerTest, RollsAJobOutAtItsPace) {
  join_all(50);
  create({.id = kId, .plan = {.rollout = {.maximum_per_minute = 600}}});
  step();
  EXPECT_EQ(executions().size(), 10U) << "the first second's worth";
  step_for(Seconds(2));
  EXPECT_GE(executions().size(), 29U);
  EXPECT_LE(executions().size(), 30U);
  step_for(Seconds(10));
  EXPECT_EQ(executions().size(), 50U);
  EXPECT_EQ(job().status, JobStatus::in_progress);
}

TEST_F(JobRunnerTest, GivesEachThingOneExecutionHoweverManyTargetsHaveIt) {
  join_all(3);
  create({.id = kId, .targets = {thing(1), kGroup, thing(1), *ThingName::parse("unknown")}});
  step_for(Seconds(5));
  EXPECT_EQ(executions().size(), 3U);
}

TEST_F(JobRunnerTest, LeavesOutOfASnapshotWhoJoinsLater) {
  join(1);
  create({.id = kId, .plan = {.rollout = {.maximum_per_minute = 60}}});
  clock.advance(Seconds(1));
  join(2);
  step_for(Seconds(5));
  ASSERT_EQ(executions().size(), 1U);
  EXPECT_EQ(executions()[0].thing, thing(1));
}

TEST_F(JobRunnerTest, GivesAContinuousJobToWhoJoinsLater) {
  join_all(3);
  create({.id = kId, .selection = registry::TargetSelection::continuous});
  step_for(Seconds(2));
  ASSERT_EQ(executions().size(), 3U);
  join(7);
  step_for(Seconds(2));
  EXPECT_EQ(executions().size(), 3U) << "until the next pass";
  step_for(JobRunner::kPassPause);
  EXPECT_EQ(executions().size(), 4U);
  for (const JobExecution& one : executions()) set(one, Status::succeeded);
  step_for(JobRunner::kPassPause * 2);
  EXPECT_EQ(executions().size(), 4U) << "each thing has it once";
  EXPECT_EQ(job().status, JobStatus::in_progress);
}

TEST_F(JobRunnerTest, SpendsItsPaceOnNewExecutionsOnly) {
  join_all(600);
  Job many{.id = kId, .plan = {.rollout = {.maximum_per_minute = 600}}};
  for (int i = 0; i < 30; ++i) many.targets.emplace_back(thing(i));
  many.targets.emplace_back(kGroup);
  create(std::move(many));
  step();
  EXPECT_EQ(executions().size(), 10U) << "of ten targets that are one thing each";
  step_for(Seconds(5));
  EXPECT_GE(executions().size(), 59U);
  EXPECT_LE(executions().size(), 60U);
}

TEST_F(JobRunnerTest, KeepsThePaceThatABoundedStepLeavesUnused) {
  join_all(40);
  Job many{.id = kId, .plan = {.rollout = {.maximum_per_minute = 1'800}}};
  for (int i = 0; i < 40; ++i) many.targets.emplace_back(thing(i));
  create(std::move(many));
  step();
  EXPECT_EQ(executions().size(), 30U) << "the first second's worth, in two steps";
}

TEST_F(JobRunnerTest, GivesNoExecutionToAThingThatIsDeletedMeanwhile) {
  join_all(2);
  create();
  racing.before_commit([this] {
    registry::ChangeSet changes;
    changes.add(registry::Erase{registry::thing_key(thing(0))});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  });
  step_for(Seconds(1));
  ASSERT_EQ(executions().size(), 1U);
  EXPECT_EQ(executions()[0].thing, thing(1));
}

TEST_F(JobRunnerTest, NotifiesNobodyAfterACancellationThatWinsTheRace) {
  join_all(5);
  create();
  racing.before_commit([this] { change(cancel_job(job(), false, "", "", clock.now())); });
  step();
  EXPECT_TRUE(executions().empty());
}

TEST_F(JobRunnerTest, CompletesASnapshotWhenTheLastExecutionHasEnded) {
  join_all(2);
  create();
  step_for(Seconds(1));
  const auto all = executions();
  ASSERT_EQ(all.size(), 2U);
  set(all[0], Status::succeeded);
  step();
  EXPECT_EQ(job().status, JobStatus::in_progress);
  set(all[1], Status::failed);
  step();
  EXPECT_EQ(job().status, JobStatus::completed);
  EXPECT_EQ(job().completed, clock.now());
  const auto events = *run_blocking(
      registry::list_all<registry::AuditEvent>(store, registry::query::AuditEvents{}));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].step, "end_job");
  EXPECT_EQ(events[0].time, clock.now());
}

TEST_F(JobRunnerTest, CompletesWhatItsEndTimeStopped) {
  join_all(20);
  create({.id = kId,
          .plan = {.rollout = {.maximum_per_minute = 60}},
          .schedule = {.end = clock.now() + Seconds(5)}});
  step_for(Seconds(10));
  const auto given = executions();
  EXPECT_LE(given.size(), 6U);
  EXPECT_EQ(job().status, JobStatus::in_progress);
  for (const JobExecution& one : given) set(one, Status::succeeded);
  step();
  EXPECT_EQ(job().status, JobStatus::completed);
}

TEST_F(JobRunnerTest, AbortsAtTheThresholdAndNotifiesNobodyElse) {
  join_all(100);
  create({.id = kId,
          .plan = {.rollout = {.maximum_per_minute = 600},
                   .abort_criteria = {{registry::JobFailure::failed, 2'000, 5}}}});
  step();
  const auto first = executions();
  ASSERT_EQ(first.size(), 10U);
  for (std::size_t i = 0; i < 4; ++i) set(first[i], Status::succeeded);
  set(first[4], Status::failed);
  step_for(Seconds(3));
  EXPECT_EQ(job().status, JobStatus::canceled);
  EXPECT_EQ(job().reason_code, "20.00 % of executed things FAILED; the limit is 20.00 %");
  EXPECT_EQ(executions().size(), 10U) << "nobody was notified after the abort";
  EXPECT_EQ(count(Status::canceled), 5U);
}

TEST_F(JobRunnerTest, TakesBackWhatIsQueuedAndByForceWhatIsInProgress) {
  join_all(600);
  create({.id = kId, .plan = {.rollout = {.maximum_per_minute = 60'000}}});
  step_for(Seconds(2));
  ASSERT_EQ(executions().size(), 600U);
  JobExecution one = executions()[0];
  registry::ChangeSet changes;
  JobExecution started = one;
  started.status = Status::in_progress;
  change_execution(changes, one, started);
  ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  change(cancel_job(job(), false, "", "", clock.now()));
  step();
  EXPECT_EQ(count(Status::canceled), 599U);
  EXPECT_EQ(count(Status::in_progress), 1U);
  change(cancel_job(job(), true, "", "", clock.now()));
  step();
  EXPECT_EQ(count(Status::canceled), 600U);
}

TEST_F(JobRunnerTest, TimesOutAndTriesAgain) {
  join(1);
  create({.id = kId,
          .plan = {.timeout_minutes = 1, .retries = {{registry::JobFailure::timed_out, 1}}}});
  step();
  JobExecution queued = executions()[0];
  registry::ChangeSet changes;
  change_execution(changes, queued, *update_execution(queued, {}, job(), clock.now()));
  ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  clock.advance(std::chrono::minutes(1));
  step();
  EXPECT_EQ(count(Status::timed_out), 0U) << "not before its time";
  clock.advance(Milliseconds(1));
  step();
  const auto attempts = executions();
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].status, Status::timed_out);
  EXPECT_EQ(attempts[1].status, Status::queued);
  EXPECT_EQ(attempts[1].number, 2);
  EXPECT_EQ(job().status, JobStatus::in_progress);
}

TEST_F(JobRunnerTest, DoesNotTryAgainForAJobThatIsCanceledMeanwhile) {
  join(1);
  create({.id = kId,
          .plan = {.timeout_minutes = 1, .retries = {{registry::JobFailure::timed_out, 1}}}});
  step();
  JobExecution queued = executions()[0];
  registry::ChangeSet changes;
  change_execution(changes, queued, *update_execution(queued, {}, job(), clock.now()));
  ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  clock.advance(std::chrono::minutes(2));
  racing.before_commit([this] { change(cancel_job(job(), false, "", "", clock.now())); });
  step_for(Seconds(1));
  ASSERT_EQ(executions().size(), 1U);
  EXPECT_EQ(executions()[0].status, Status::timed_out);
}

TEST_F(JobRunnerTest, StartsAndEndsAsScheduled) {
  join_all(2);
  create({.id = kId,
          .schedule = {.start = clock.now() + Seconds(60),
                       .end = clock.now() + Seconds(120),
                       .end_behavior = registry::JobEndBehavior::cancel},
          .status = JobStatus::scheduled});
  step_for(Seconds(5));
  EXPECT_TRUE(executions().empty());
  clock.advance(Seconds(60));
  step_for(Seconds(2));
  EXPECT_EQ(job().status, JobStatus::in_progress);
  EXPECT_EQ(executions().size(), 2U);
  clock.advance(Seconds(60));
  step();
  EXPECT_EQ(job().status, JobStatus::canceled);
  EXPECT_EQ(count(Status::canceled), 2U);
}

TEST_F(JobRunnerTest, RemovesADeletedJobWithAllThatBelongsToIt) {
  join_all(300);
  create({.id = kId, .plan = {.rollout = {.maximum_per_minute = 60'000}}});
  step_for(Seconds(2));
  Job deleted = job();
  deleted.status = JobStatus::deletion_in_progress;
  change(std::move(deleted));
  step();
  EXPECT_TRUE(executions().empty());
  EXPECT_FALSE(*run_blocking(registry::find(store, registry::job_key(kId))));
  EXPECT_FALSE(*run_blocking(registry::find(store, registry::job_progress_key(kId))));
  EXPECT_FALSE(*run_blocking(registry::find(
      store, registry::counter_key(registry::executions_counter(kId, Status::queued)))));
}

TEST_F(JobRunnerTest, ContinuesWhereAnEarlierProcessStopped) {
  join_all(30);
  create({.id = kId, .plan = {.rollout = {.maximum_per_minute = 600}}});
  step();
  ASSERT_EQ(executions().size(), 10U);
  JobRunner next{store, clock};
  ASSERT_TRUE(run_blocking(next.load()));
  for (int i = 0; i < 40; ++i) {
    clock.advance(Milliseconds(100));
    ASSERT_TRUE(run_blocking(next.step()));
  }
  EXPECT_EQ(executions().size(), 30U);
}

}  // namespace
}  // namespace imprint::jobs
