// SPDX-License-Identifier: Apache-2.0
#include "jobs/rollout.h"

#include <gmock/gmock.h>

namespace imprint::jobs {
namespace {

using registry::JobFailure;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::Ge;
using testing::Le;
using Status = registry::JobExecutionStatus;

ExecutionCounts counts(std::initializer_list<std::pair<Status, std::int64_t>> some) {
  ExecutionCounts out{};
  for (const auto& [status, count] : some) out[static_cast<std::size_t>(status)] = count;
  return out;
}

TEST(Rollout, HasTheRateThatItIsGiven) {
  EXPECT_EQ(rate_per_minute({}, {}), 1'000);
  EXPECT_EQ(rate_per_minute({.maximum_per_minute = 7}, {}), 7);
}

// The example of the AWS IoT Developer Guide, "Job rollout configurations".
TEST(Rollout, GrowsByItsFactorEachTimeAsManyAgainWereNotified) {
  const registry::JobRollout rollout{
      .maximum_per_minute = 1'000,
      .exponential = registry::ExponentialRate{
          .base_per_minute = 50, .increment_tenths = 20, .notified_things = 1'000}};
  const struct {
    std::int64_t notified;
    std::int64_t rate;
  } rows[] = {{0, 50},      {999, 50},    {1'000, 100},   {2'000, 200},
              {3'000, 400}, {4'000, 800}, {5'000, 1'000}, {9'000'000, 1'000}};
  for (const auto& row : rows)
    EXPECT_EQ(rate_per_minute(rollout, counts({{Status::queued, row.notified}})), row.rate)
        << row.notified;
}

TEST(Rollout, GrowsByWhatSucceeded) {
  const registry::JobRollout rollout{
      .exponential = registry::ExponentialRate{
          .base_per_minute = 10, .increment_tenths = 15, .succeeded_things = 10}};
  EXPECT_EQ(rate_per_minute(rollout, counts({{Status::queued, 100}, {Status::succeeded, 9}})), 10);
  EXPECT_EQ(rate_per_minute(rollout, counts({{Status::failed, 100}, {Status::succeeded, 10}})), 15);
}

TEST(Pace, SpreadsARateEvenly) {
  Pace pace;
  Monotonic now{};
  std::int64_t in_a_minute = pace.take(90, now);
  EXPECT_EQ(in_a_minute, 1) << "the first second's worth at once";
  for (int i = 0; i < 590; ++i) {
    now += milliseconds(100);
    const std::int64_t taken = pace.take(90, now);
    EXPECT_LE(taken, 1);
    in_a_minute += taken;
  }
  EXPECT_THAT(in_a_minute, AllOf(Ge(89), Le(90)));
}

TEST(Pace, DoesNotMakeUpForAPause) {
  Pace pace;
  Monotonic now{};
  pace.take(600, now);
  now += seconds(3'600);
  EXPECT_EQ(pace.take(600, now), 10);
  EXPECT_EQ(pace.take(600, now), 0);
}

TEST(Pace, IsSlowWhereTheRateIs) {
  Pace pace;
  Monotonic now{};
  EXPECT_EQ(pace.take(1, now), 0);
  int taken = 0;
  for (int i = 0; i < 120; ++i) {
    now += seconds(1);
    taken += static_cast<int>(pace.take(1, now));
  }
  EXPECT_EQ(taken, 2);
}

TEST(Abort, NeedsAShareOfEnoughThings) {
  const registry::JobPlan plan{
      .abort_criteria = {{JobFailure::failed, 2'000, 10}, {JobFailure::all, 5'000, 4}}};
  EXPECT_FALSE(find_abort(plan, {}));
  EXPECT_FALSE(find_abort(plan, counts({{Status::failed, 3}}))) << "too few have ended";
  EXPECT_TRUE(find_abort(plan, counts({{Status::rejected, 2}, {Status::succeeded, 2}})));
  EXPECT_FALSE(find_abort(plan, counts({{Status::failed, 1}, {Status::succeeded, 9}})));
  const auto reached = counts({{Status::failed, 2}, {Status::succeeded, 8}, {Status::queued, 90}});
  ASSERT_TRUE(find_abort(plan, reached));
  EXPECT_EQ(describe(*find_abort(plan, reached), reached),
            "20.00 % of executed things FAILED; the limit is 20.00 %");
  EXPECT_FALSE(find_abort(plan, counts({{Status::canceled, 100}})));
}

}  // namespace
}  // namespace imprint::jobs
