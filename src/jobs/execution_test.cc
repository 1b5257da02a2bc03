// SPDX-License-Identifier: Apache-2.0
#include "jobs/execution.h"

#include <gmock/gmock.h>

#include "outcome/causes.h"

namespace imprint::jobs {
namespace {

using Status = JobExecutionStatus;
using registry::JobFailure;
using std::chrono::minutes;
using testing::HasSubstr;

const Timestamp kNow = from_milliseconds(1'000'000);
const Job kJob{.id = *JobId::parse("j")};
const Job kTimedJob{.id = *JobId::parse("j"), .plan = {.timeout_minutes = 10}};

JobExecution execution(Status status, std::int64_t version = 1) {
  return {.thing = *ThingName::parse("d"),
          .job = kJob.id,
          .status = status,
          .details = {{"step", "1"}},
          .queued = from_milliseconds(1),
          .version = version};
}

TEST(Execution, GoesWhereADeviceMaySendIt) {
  for (const Status from : {Status::queued, Status::in_progress}) {
    for (const Status to :
         {Status::in_progress, Status::succeeded, Status::failed, Status::rejected}) {
      const auto after = update_execution(execution(from), {.status = to}, kJob, kNow);
      ASSERT_TRUE(after) << to_string(from) << to_string(to);
      EXPECT_EQ(after->status, to);
      EXPECT_EQ(after->modified, kNow);
    }
  }
  for (const Status ended : {Status::succeeded, Status::failed, Status::timed_out, Status::rejected,
                             Status::removed, Status::canceled}) {
    const auto after =
        update_execution(execution(ended), {.status = Status::in_progress}, kJob, kNow);
    ASSERT_FALSE(after) << to_string(ended);
    EXPECT_EQ(after.error().cause, "InvalidStateTransition"_cause);
    EXPECT_THAT(after.error().message, HasSubstr(to_string(ended)));
  }
}

TEST(Execution, StartsItsTimerOnceAndNeverLater) {
  const auto started =
      update_execution(execution(Status::queued), {.status = Status::in_progress}, kTimedJob, kNow);
  ASSERT_TRUE(started);
  EXPECT_EQ(started->started, kNow);
  EXPECT_EQ(started->in_progress_until, kNow + minutes(10));
  const auto later =
      update_execution(*started, {.status = Status::in_progress}, kTimedJob, kNow + minutes(5));
  ASSERT_TRUE(later);
  EXPECT_EQ(later->started, kNow);
  EXPECT_EQ(later->in_progress_until, kNow + minutes(10));
  const auto ended =
      update_execution(*later, {.status = Status::succeeded}, kTimedJob, kNow + minutes(6));
  ASSERT_TRUE(ended);
  EXPECT_FALSE(ended->in_progress_until);
}

TEST(Execution, TimesEachStepWithinTheWhole) {
  const auto with_step = [](std::optional<std::int64_t> step, JobExecution from, const Job& job) {
    return update_execution(
        std::move(from), {.status = Status::in_progress, .step_timeout_minutes = step}, job, kNow);
  };
  const auto started = with_step(5, execution(Status::queued), kTimedJob);
  ASSERT_TRUE(started);
  EXPECT_EQ(registry::times_out_at(*started), kNow + minutes(5));
  EXPECT_EQ(with_step(std::nullopt, *started, kTimedJob)->step_until, kNow + minutes(5));
  EXPECT_EQ(with_step(10, *started, kTimedJob)->step_until, kNow + minutes(10));
  EXPECT_EQ(registry::times_out_at(*with_step(-1, *started, kTimedJob)), kNow + minutes(10));
  const auto longer = with_step(11, *started, kTimedJob);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().fault, Fault::invalid);
  EXPECT_EQ(longer.error().where, "stepTimeoutInMinutes");
  EXPECT_EQ(with_step(10'080, execution(Status::queued), kJob)->step_until, kNow + minutes(10'080));
}

TEST(Execution, KeepsItsDetailsUnlessTheyAreReplaced) {
  EXPECT_EQ(update_execution(execution(Status::queued), {}, kJob, kNow)->details,
            (registry::Attributes{{"step", "1"}}));
  const ExecutionUpdate replacing{.status = Status::failed,
                                  .details = registry::Attributes{{"why", "flash"}}};
  EXPECT_EQ(update_execution(execution(Status::in_progress), replacing, kJob, kNow)->details,
            (registry::Attributes{{"why", "flash"}}));
}

TEST(Execution, IsUpdatedOnlyAtTheVersionThatIsExpected) {
  const auto update = [](std::int64_t expected) {
    return update_execution(execution(Status::in_progress, 3),
                            {.status = Status::succeeded, .expected_version = expected}, kJob,
                            kNow);
  };
  EXPECT_TRUE(update(3));
  for (const std::int64_t other : {2, 4}) {
    ASSERT_FALSE(update(other));
    EXPECT_EQ(update(other).error().cause, "VersionMismatch"_cause);
    EXPECT_THAT(update(other).error().message, HasSubstr("has version 3"));
  }
}

TEST(Execution, KnowsAnUpdateThatIsSentAgain) {
  const JobExecution done = execution(Status::succeeded, 3);
  const ExecutionUpdate again{.status = Status::succeeded, .expected_version = 2};
  EXPECT_TRUE(is_carried_out(done, again));
  ExecutionUpdate other = again;
  other.details = registry::Attributes{{"step", "2"}};
  EXPECT_FALSE(is_carried_out(done, other)) << "other details";
  other = again;
  other.status = Status::failed;
  EXPECT_FALSE(is_carried_out(done, other)) << "another status";
  other = again;
  other.expected_version = 1;
  EXPECT_FALSE(is_carried_out(done, other)) << "an older version";
  other.expected_version.reset();
  EXPECT_FALSE(is_carried_out(done, other)) << "no version";
}

TEST(Execution, IsTriedAgainAsOftenAsItsJobSays) {
  Job job = kJob;
  job.plan.retries = {{JobFailure::failed, 2}, {JobFailure::timed_out, 1}};
  JobExecution ended = execution(Status::failed);
  const auto second = next_attempt(ended, job, kNow);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number, 2);
  EXPECT_EQ(second->retry, 1);
  EXPECT_EQ(second->status, Status::queued);
  EXPECT_EQ(second->queued, kNow);
  ended.status = Status::timed_out;
  ended.retry = 1;
  EXPECT_FALSE(next_attempt(ended, job, kNow)) << "no retry left after a time-out";
  ended.status = Status::failed;
  EXPECT_TRUE(next_attempt(ended, job, kNow));
  ended.retry = 2;
  EXPECT_FALSE(next_attempt(ended, job, kNow));
  ended.retry = 0;
  for (const Status other : {Status::succeeded, Status::rejected, Status::canceled}) {
    ended.status = other;
    EXPECT_FALSE(next_attempt(ended, job, kNow)) << to_string(other);
  }
  job.plan.retries = {{JobFailure::all, 1}};
  for (const Status failure : {Status::failed, Status::timed_out}) {
    ended.status = failure;
    EXPECT_TRUE(next_attempt(ended, job, kNow)) << to_string(failure);
  }
  job.status = registry::JobStatus::canceled;
  EXPECT_FALSE(next_attempt(ended, job, kNow)) << "the job was canceled";
}

}  // namespace
}  // namespace imprint::jobs
