// SPDX-License-Identifier: Apache-2.0
#include "jobs/device_jobs.h"

#include <gmock/gmock.h>

#include "outcome/causes.h"
#include "test/support/fake_clock.h"
#include "test/support/faulty_store.h"
#include "test/support/memory_store.h"
#include "trail/event.h"

namespace imprint::jobs {
namespace {

using runtime::run_blocking;
using Status = JobExecutionStatus;
using testing::ElementsAre;
using testing::IsEmpty;

JobId job_id(std::string_view text) { return *JobId::parse(text); }

struct DeviceJobsTest : testing::Test {
  void SetUp() override { commit({registry::Put{registry::Thing{.name = d, .id = "id"}}}); }

  void commit(std::vector<registry::Change> changes) {
    ASSERT_TRUE(run_blocking(store.commit({.changes = std::move(changes)})));
  }
  /// A job, and what `d` has to do for it.
  void give(std::string_view id, Status status = Status::queued, Job job = {.id = job_id("x")}) {
    clock.advance(Seconds(1));
    job.id = job_id(id);
    job.plan.document = fmt::format(R"({{"do":"{}"}})", id);
    registry::ChangeSet changes;
    changes.add(registry::Put{job});
    add_execution(changes, {.thing = d, .job = job.id, .status = status, .queued = clock.now()});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }
  auto start_next(std::optional<registry::Attributes> details = {},
                  std::optional<std::int64_t> step = {}) {
    return run_blocking(jobs.start_next(kCaller, d, std::move(details), step));
  }
  auto update(std::string_view job, ExecutionUpdate update,
              std::optional<std::int64_t> number = {}) {
    return run_blocking(jobs.update(kCaller, d, job_id(job), number, std::move(update)));
  }
  auto describe(std::optional<JobId> job, std::optional<std::int64_t> number = {}) {
    return run_blocking(jobs.describe(d, std::move(job), number));
  }
  /// QUEUED, IN_PROGRESS, SUCCEEDED, FAILED, as the counters of the job have them.
  std::vector<std::int64_t> counted(std::string_view job) {
    std::vector<std::int64_t> out;
    for (const Status status :
         {Status::queued, Status::in_progress, Status::succeeded, Status::failed}) {
      const auto counter = *run_blocking(registry::find(
          store, registry::counter_key(registry::executions_counter(job_id(job), status))));
      out.push_back(counter ? counter->value : 0);
    }
    return out;
  }

  const Caller kCaller{"certificate", "client", "correlation"};
  const ThingName d = *ThingName::parse("d");
  test::FakeClock clock;
  test::MemoryStore store;
  test::FaultyStore racing{store};
  DeviceJobs jobs{racing, clock};
};

TEST_F(DeviceJobsTest, StartsWhatWasQueuedFirst) {
  give("b");
  give("a");
  const auto started = start_next(registry::Attributes{{"at", "boot"}});
  ASSERT_TRUE(started && *started);
  EXPECT_EQ((*started)->execution.job, job_id("b"));
  EXPECT_EQ((*started)->execution.status, Status::in_progress);
  EXPECT_EQ((*started)->execution.version, 2);
  EXPECT_EQ((*started)->document, R"({"do":"b"})");
  EXPECT_THAT(counted("b"), ElementsAre(0, 1, 0, 0));
  const auto stored = describe(job_id("b"));
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((*stored)->execution.details, (registry::Attributes{{"at", "boot"}}));
  EXPECT_EQ((*stored)->execution.version, 2);
}

TEST_F(DeviceJobsTest, AreStartedOnceHoweverOftenADeviceAsks) {
  give("j");
  ASSERT_TRUE(start_next(registry::Attributes{{"n", "1"}}));
  const auto again = start_next(registry::Attributes{{"n", "2"}});
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->execution.version, 2);
  EXPECT_EQ((*again)->execution.details, (registry::Attributes{{"n", "1"}}));
}

TEST_F(DeviceJobsTest, AreNoneWhereNothingIsPending) {
  give("done", Status::succeeded);
  const auto started = start_next();
  ASSERT_TRUE(started);
  EXPECT_FALSE(*started);
  const auto next = describe(std::nullopt);
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
  const auto pending = run_blocking(jobs.pending(d));
  ASSERT_TRUE(pending);
  EXPECT_THAT(pending->queued, IsEmpty());
  const auto unknown = run_blocking(jobs.pending(*ThingName::parse("e")));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().fault, Fault::not_found);
}

TEST_F(DeviceJobsTest, OfACanceledJobAreNotStarted) {
  give("canceled", Status::queued, {.id = job_id("x"), .status = registry::JobStatus::canceled});
  give("next");
  const auto started = start_next();
  ASSERT_TRUE(started && *started);
  EXPECT_EQ((*started)->execution.job, job_id("next"));
}

TEST_F(DeviceJobsTest, ArePendingByTheirState) {
  give("a");
  give("b", Status::in_progress);
  give("c");
  const auto pending = run_blocking(jobs.pending(d));
  ASSERT_TRUE(pending);
  ASSERT_EQ(pending->in_progress.size(), 1U);
  EXPECT_EQ(pending->in_progress[0].job, job_id("b"));
  ASSERT_EQ(pending->queued.size(), 2U);
  EXPECT_EQ(pending->queued[0].job, job_id("a"));
  EXPECT_EQ((*describe(std::nullopt))->execution.job, job_id("b"));
}

TEST_F(DeviceJobsTest, EndAsTheDeviceSays) {
  give("j");
  ASSERT_TRUE(start_next());
  const auto done = update("j", {.status = Status::succeeded, .expected_version = 2});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->execution.version, 3);
  EXPECT_THAT(counted("j"), ElementsAre(0, 0, 1, 0));
  const auto late = update("j", {.status = Status::in_progress});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().cause, "InvalidStateTransition"_cause);
}

TEST_F(DeviceJobsTest, WhoseAnswerWasLostAreAnsweredAgain) {
  give("j", Status::queued,
       {.id = job_id("x"), .plan = {.retries = {{registry::JobFailure::failed, 1}}}});
  ASSERT_TRUE(start_next());
  for (int i = 0; i < 2; ++i) {
    const auto failed = update("j", {.status = Status::failed, .expected_version = 2});
    ASSERT_TRUE(failed) << failed.error().message;
    EXPECT_EQ(failed->execution.number, 1);
    EXPECT_EQ(failed->execution.version, 3);
  }
  EXPECT_EQ((*describe(job_id("j")))->execution.number, 2) << "one retry, not two";
  EXPECT_THAT(counted("j"), ElementsAre(1, 0, 0, 0)) << "one thing, whatever its attempts";
}

TEST_F(DeviceJobsTest, ThatAreRetriedFailAgainAsTheDeviceSays) {
  give("j", Status::queued,
       {.id = job_id("x"), .plan = {.retries = {{registry::JobFailure::failed, 2}}}});
  for (const std::int64_t number : {1, 2, 3}) {
    ASSERT_TRUE(start_next());
    const auto failed = update("j", {.status = Status::failed, .expected_version = 2});
    ASSERT_TRUE(failed) << failed.error().message;
    EXPECT_EQ(failed->execution.number, number) << "the same versions as the attempt before";
  }
  EXPECT_FALSE(*start_next());
  EXPECT_THAT(counted("j"), ElementsAre(0, 0, 0, 1));
}

TEST_F(DeviceJobsTest, OfAJobThatIsCanceledMeanwhileAreNotRetried) {
  give("j", Status::queued,
       {.id = job_id("x"), .plan = {.retries = {{registry::JobFailure::failed, 1}}}});
  ASSERT_TRUE(start_next());
  racing.before_commit([this] {
    Job job = *run_blocking(registry::get(store, registry::job_key(job_id("j"))));
    job.status = registry::JobStatus::canceled;
    commit({registry::update(std::move(job))});
  });
  ASSERT_TRUE(update("j", {.status = Status::failed}));
  EXPECT_EQ((*describe(job_id("j")))->execution.number, 1);
}

TEST_F(DeviceJobsTest, OfACanceledJobAreEndedAndNotBegun) {
  give("j", Status::queued, {.id = job_id("x"), .status = registry::JobStatus::canceled});
  const auto begun = update("j", {.status = Status::in_progress});
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().cause, "InvalidStateTransition"_cause);
  EXPECT_TRUE(update("j", {.status = Status::rejected}));
}

TEST_F(DeviceJobsTest, RefuseAnotherVersion) {
  give("j");
  const auto refused = update("j", {.status = Status::in_progress, .expected_version = 7});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, "VersionMismatch"_cause);
}

TEST_F(DeviceJobsTest, AreFoundByTheirNumber) {
  give("j", Status::queued,
       {.id = job_id("x"), .plan = {.retries = {{registry::JobFailure::failed, 1}}}});
  ASSERT_TRUE(update("j", {.status = Status::failed}));
  EXPECT_EQ((*describe(job_id("j")))->execution.number, 2);
  EXPECT_EQ((*describe(job_id("j"), 1))->execution.status, Status::failed);
  EXPECT_EQ(describe(job_id("j"), 3).error().fault, Fault::not_found);
  EXPECT_EQ(describe(job_id("other")).error().fault, Fault::not_found);
  const auto old = update("j", {.status = Status::succeeded}, 1);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().cause, "InvalidStateTransition"_cause);
}

TEST_F(DeviceJobsTest, RefuseAStepTimeoutOutOfRange) {
  give("j");
  for (const std::int64_t minutes : {-2, 0, 10'081}) {
    const auto refused = start_next({}, minutes);
    ASSERT_FALSE(refused) << minutes;
    EXPECT_EQ(refused.error().where, "stepTimeoutInMinutes");
  }
  EXPECT_TRUE(start_next({}, 10'080));
}

TEST_F(DeviceJobsTest, AreInTheAuditTrailOfTheirThing) {
  give("j");
  ASSERT_TRUE(start_next());
  const auto events = *run_blocking(
      registry::list_all<registry::AuditEvent>(store, registry::query::AuditEvents{.thing = "d"}));
  ASSERT_EQ(events.size(), 1U);
  const trail::Event event = trail::read(events[0]);
  EXPECT_TRUE(event.is("update_job_execution"_step));
  EXPECT_EQ(event.record.client, "client");
  EXPECT_EQ(event.detail_as<trail::JobExecutionUpdated>().job, "j");
  EXPECT_EQ(event.detail_as<trail::JobExecutionUpdated>().status, "IN_PROGRESS");
  ASSERT_TRUE(update("j", {.details = registry::Attributes{{"step", "2"}}}));
  EXPECT_EQ(run_blocking(registry::list_all<registry::AuditEvent>(
                             store, registry::query::AuditEvents{.thing = "d"}))
                ->size(),
            1U)
      << "progress without a change of status";
}

}  // namespace
}  // namespace imprint::jobs
