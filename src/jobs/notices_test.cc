// SPDX-License-Identifier: Apache-2.0
#include "jobs/notices.h"

#include <gmock/gmock.h>

#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"

namespace imprint::jobs {
namespace {

using runtime::run_blocking;
using Status = JobExecutionStatus;

JobId job_id(std::string_view text) { return *JobId::parse(text); }

struct JobNoticesTest : testing::Test {
  void SetUp() override {
    store.watch([this](const registry::ChangeSet& changes) { notices.changed(changes); });
    registry::ChangeSet changes;
    changes.add(registry::Put{registry::Thing{.name = d, .id = "id"}});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }
  void give(std::string_view id) {
    clock.advance(Seconds(1));
    registry::ChangeSet changes;
    changes.add(registry::Put{Job{.id = job_id(id)}});
    add_execution(changes,
                  {.thing = d, .job = job_id(id), .queued = clock.now(), .modified = clock.now()});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }
  void update(std::string_view id, Status status) {
    clock.advance(Seconds(1));
    ASSERT_TRUE(run_blocking(jobs.update({}, d, job_id(id), std::nullopt, {.status = status})));
  }
  /// "a" in progress, "b" queued, "a" next: "a|b|a"; no notice: "-"; the same next as before: "=".
  std::string noticed() {
    const auto taken = run_blocking(notices.take(10));
    EXPECT_TRUE(taken);
    if (taken->empty()) return "-";
    const Notice& notice = taken->front();
    std::string out;
    for (const JobExecution& one : notice.pending.in_progress) out += one.job.str();
    out += '|';
    for (const JobExecution& one : notice.pending.queued) out += one.job.str();
    out += '|';
    if (!notice.has_new_next) return out + "=";
    return out + (notice.next ? notice.next->execution.job.str() : "");
  }

  const ThingName d = *ThingName::parse("d");
  test::FakeClock clock;
  test::MemoryStore store;
  DeviceJobs jobs{store, clock};
  JobNotices notices{jobs};
};

TEST_F(JobNoticesTest, FollowTheHeadOfTheList) {
  give("a");
  EXPECT_EQ(noticed(), "|a|a");
  EXPECT_EQ(noticed(), "-");
  give("b");
  EXPECT_EQ(noticed(), "|ab|=");
  update("a", Status::in_progress);
  EXPECT_EQ(noticed(), "a|b|=") << "it was next before it was started";
  update("a", Status::in_progress);
  EXPECT_EQ(noticed(), "-") << "details alone are no news";
  update("a", Status::succeeded);
  EXPECT_EQ(noticed(), "|b|b");
  update("b", Status::failed);
  EXPECT_EQ(noticed(), "||") << "nothing is next";
}

TEST_F(JobNoticesTest, ComeWhenAnotherIsStartedFirst) {
  give("a");
  give("b");
  EXPECT_EQ(noticed(), "|ab|a");
  update("b", Status::in_progress);
  EXPECT_EQ(noticed(), "b|a|b");
  update("b", Status::rejected);
  EXPECT_EQ(noticed(), "|a|a");
}

TEST_F(JobNoticesTest, LeaveTheHeadAloneWhenALaterOneEnds) {
  give("a");
  give("b");
  EXPECT_EQ(noticed(), "|ab|a");
  update("b", Status::rejected);
  EXPECT_EQ(noticed(), "|a|=");
}

TEST_F(JobNoticesTest, CompareWithTheLastNoticeHoweverMuchHasHappened) {
  give("a");
  EXPECT_EQ(noticed(), "|a|a");
  give("b");
  update("a", Status::in_progress);
  update("a", Status::succeeded);
  update("b", Status::in_progress);
  EXPECT_EQ(noticed(), "b||b");
  give("c");
  update("c", Status::in_progress);
  update("c", Status::failed);
  EXPECT_EQ(noticed(), "b||=");
}

TEST_F(JobNoticesTest, AreTakenAFewThingsAtATime) {
  for (const char* name : {"e", "f", "g"}) {
    registry::ChangeSet changes;
    const ThingName thing = *ThingName::parse(name);
    changes.add(registry::Put{registry::Thing{.name = thing, .id = "id"}});
    changes.add(registry::Put{Job{.id = job_id("a")}});
    add_execution(changes, {.thing = thing, .job = job_id("a")});
    ASSERT_TRUE(run_blocking(store.commit(std::move(changes))));
  }
  EXPECT_EQ(run_blocking(notices.take(2))->size(), 2U);
  EXPECT_EQ(run_blocking(notices.take(2))->size(), 1U);
  EXPECT_EQ(run_blocking(notices.take(2))->size(), 0U);
}

}  // namespace
}  // namespace imprint::jobs
