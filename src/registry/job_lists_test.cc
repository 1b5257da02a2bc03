// SPDX-License-Identifier: Apache-2.0
// The lists of jobs and of their executions, in each store.
#include <gmock/gmock.h>

#include "test/support/store_conformance.h"

namespace imprint::registry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Status = JobExecutionStatus;

JobId job_id(std::string_view text) { return *JobId::parse(text); }
ThingName thing_name(std::string_view text) { return *ThingName::parse(text); }
Timestamp at(std::int64_t value) { return from_milliseconds(value); }

struct JobLists : test::StoreConformance {
  void add_job(std::string_view id, std::int64_t created, JobStatus status,
               TargetSelection selection = TargetSelection::snapshot) {
    ASSERT_TRUE(
        put(Job{.id = job_id(id), .selection = selection, .status = status, .created = at(created)},
            Expect::absent()));
  }
  void add(std::string_view thing, std::string_view job, std::int64_t number, Status status,
           std::int64_t queued = 0) {
    ASSERT_TRUE(put(JobExecution{.thing = thing_name(thing),
                                 .job = job_id(job),
                                 .number = number,
                                 .status = status,
                                 .queued = at(queued)},
                    Expect::absent()));
  }
};

INSTANTIATE_TEST_SUITE_P(All, JobLists, test::kStores, test::store_name);

TEST_P(JobLists, ListJobsFromTheNewest) {
  add_job("old", 1, JobStatus::in_progress);
  add_job("done", 2, JobStatus::completed);
  add_job("new", 3, JobStatus::in_progress, TargetSelection::continuous);
  for (const std::size_t page : {1U, 250U}) {
    EXPECT_THAT(names(query::Jobs{}, page), ElementsAre("new", "done", "old"));
    EXPECT_THAT(names(query::Jobs{.status = JobStatus::in_progress}, page),
                ElementsAre("new", "old"));
    EXPECT_THAT(names(query::Jobs{.selection = TargetSelection::snapshot}, page),
                ElementsAre("done", "old"));
    EXPECT_THAT(names(query::Jobs{.status = JobStatus::in_progress,
                                  .selection = TargetSelection::continuous},
                      page),
                ElementsAre("new"));
  }
  EXPECT_THAT(names(query::Jobs{.status = JobStatus::canceled}), IsEmpty());
}

TEST_P(JobLists, ListTemplatesById) {
  for (const char* id : {"b", "a"}) ASSERT_TRUE(put(JobTemplate{.id = job_id(id)}));
  EXPECT_THAT(names(query::JobTemplates{}, 1), ElementsAre("a", "b"));
}

TEST_P(JobLists, ListExecutionsByThingAndByJob) {
  add("d-2", "j", 1, Status::failed);
  add("d-2", "j", 2, Status::queued);
  add("d-1", "j", 1, Status::succeeded);
  add("d-2", "i", 1, Status::failed);
  add("d-20", "j", 1, Status::failed);
  const std::string first = "/0000000001";
  const std::string second = "/0000000002";
  for (const std::size_t page : {1U, 250U}) {
    EXPECT_THAT(names(query::ExecutionsOfThing{.thing = thing_name("d-2")}, page),
                ElementsAre("d-2/i" + first, "d-2/j" + first, "d-2/j" + second));
    EXPECT_THAT(
        names(query::ExecutionsOfThing{.thing = thing_name("d-2"), .job = job_id("j")}, page),
        ElementsAre("d-2/j" + first, "d-2/j" + second));
    EXPECT_THAT(
        names(query::ExecutionsOfThing{.thing = thing_name("d-2"), .status = Status::failed}, page),
        ElementsAre("d-2/i" + first, "d-2/j" + first));
    EXPECT_THAT(names(query::ExecutionsOfJob{.job = job_id("j")}, page),
                ElementsAre("d-1/j" + first, "d-2/j" + first, "d-2/j" + second, "d-20/j" + first));
    EXPECT_THAT(names(query::ExecutionsOfJob{.job = job_id("j"), .status = Status::failed}, page),
                ElementsAre("d-2/j" + first, "d-20/j" + first));
  }
}

TEST_P(JobLists, ListWhatIsPendingInTheOrderOfItsTurn) {
  add("d", "b", 1, Status::queued, 5);
  add("d", "a", 1, Status::queued, 6);
  add("d", "z", 1, Status::in_progress, 9);
  add("d", "y", 1, Status::succeeded, 1);
  add("d", "c", 1, Status::queued, 5);
  add("e", "a", 1, Status::queued, 1);
  for (const std::size_t page : {1U, 250U}) {
    EXPECT_THAT(
        names(query::PendingExecutions{thing_name("d")}, page),
        ElementsAre("d/z/0000000001", "d/b/0000000001", "d/c/0000000001", "d/a/0000000001"));
  }
  EXPECT_THAT(names(query::PendingExecutions{thing_name("f")}), IsEmpty());
}

TEST_P(JobLists, ListExecutionsWhoseFirstTimerHasEnded) {
  const auto add_timed = [&](std::string_view thing, Status status, std::optional<Timestamp> whole,
                             std::optional<Timestamp> step) {
    ASSERT_TRUE(put(JobExecution{.thing = thing_name(thing),
                                 .job = job_id("j"),
                                 .status = status,
                                 .in_progress_until = whole,
                                 .step_until = step}));
  };
  add_timed("none", Status::in_progress, {}, {});
  add_timed("whole", Status::in_progress, at(10), {});
  add_timed("step", Status::in_progress, at(30), at(11));
  add_timed("only-step", Status::in_progress, {}, at(12));
  add_timed("over", Status::succeeded, at(1), at(1));
  const std::string number = "/j/0000000001";
  EXPECT_THAT(names(query::DueExecutions{at(10)}), IsEmpty());
  EXPECT_THAT(names(query::DueExecutions{at(12)}), ElementsAre("step" + number, "whole" + number));
  EXPECT_THAT(names(query::DueExecutions{at(99)}, 1),
              ElementsAre("only-step" + number, "step" + number, "whole" + number));
}

}  // namespace
}  // namespace imprint::registry
