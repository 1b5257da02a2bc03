// SPDX-License-Identifier: Apache-2.0
#include "monitoring/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/fake_clock.h"

namespace imprint::monitoring {
namespace {

using outcome::FailureCategory;
using std::chrono::hours;
using std::chrono::minutes;
using telemetry::HookOutcome;
using telemetry::Totals;

class ActivityTest : public ::testing::Test {
 protected:
  ActivityTest() {
    totals_.registration_seconds = {.bounds = {0.01, 0.1, 1}, .counts = {0, 0, 0, 0}};
    activity_.sample(clock_.now(), totals_);
  }
  void onboard(std::uint64_t devices, std::size_t bucket = 0) {
    totals_.onboarded += devices;
    totals_.registration_seconds.counts[bucket] += devices;
    activity_.sample(clock_.now(), totals_);
  }
  Series last(Seconds step, std::size_t count) { return activity_.last(clock_.now(), step, count); }
  /// Simulates a restart: stores the records and returns a new, empty Activity.
  Activity restart(const std::string& node = "1") {
    for (const registry::Setting& setting : activity_.changed(clock_.now())) {
      kept_.insert_or_assign(registry::setting_key(setting.name), setting);
    }
    activity_.committed(true);
    return Activity(node);
  }
  void load(Activity& into) {
    std::vector<std::optional<registry::Setting>> found;
    for (const registry::Key& key : into.keys()) {
      const auto it = kept_.find(key);
      found.push_back(it == kept_.end() ? std::nullopt : std::optional(it->second));
    }
    into.load(clock_.now(), found);
  }

  test::FakeClock clock_;
  Totals totals_;
  Activity activity_{"1"};
  std::map<registry::Key, registry::Setting> kept_;
};

TEST_F(ActivityTest, CountsDifferencesByTheMinute) {
  onboard(3);
  clock_.advance(minutes(1));
  onboard(4);
  totals_.failed[static_cast<std::size_t>(FailureCategory::hook_denied)] = 2;
  totals_.hooks[static_cast<std::size_t>(HookOutcome::denied)] = 2;
  activity_.sample(clock_.now(), totals_);
  const Series series = last(minutes(1), 3);
  ASSERT_EQ(series.steps.size(), 3U);
  EXPECT_EQ(series.steps[0].counts, Counts());
  EXPECT_EQ(series.steps[1].counts.onboarded, 3U);
  EXPECT_EQ(series.steps[2].counts.onboarded, 4U);
  EXPECT_EQ(series.steps[2].counts.failures(), 2U);
  EXPECT_EQ(series.sum().counts.hook(HookOutcome::denied), 2U);
  EXPECT_LE(series.start + 2 * series.step, clock_.now());
  EXPECT_GT(series.start + 3 * series.step, clock_.now());
}

TEST_F(ActivityTest, DoesNotCountEventsBeforeTheFirstSample) {
  Activity late("1");
  onboard(100);
  late.sample(clock_.now(), totals_);
  EXPECT_EQ(late.last(clock_.now(), minutes(1), 10).sum().counts.onboarded, 0U);
}

TEST_F(ActivityTest, DropsMinutesAfterADayAndHoursAfterAMonth) {
  onboard(5);
  clock_.advance(hours(24));
  EXPECT_EQ(last(minutes(15), 97).sum().counts.onboarded, 5U);
  clock_.advance(hours(48));
  onboard(1);
  EXPECT_EQ(last(minutes(15), 96).sum().counts.onboarded, 1U);
  EXPECT_EQ(last(hours(6), 120).sum().counts.onboarded, 6U);
  clock_.advance(hours(24 * 33));
  EXPECT_EQ(last(hours(6), 120).sum().counts.onboarded, 0U);
}

TEST_F(ActivityTest, SurvivesARestart) {
  onboard(5, 1);
  totals_.failed[static_cast<std::size_t>(FailureCategory::throttled)] = 7;
  activity_.sample(clock_.now(), totals_);
  Activity next = restart();
  clock_.advance(minutes(2));
  load(next);
  const Series kept = next.last(clock_.now(), minutes(1), 5);
  EXPECT_EQ(kept.sum().counts.onboarded, 5U);
  EXPECT_EQ(kept.sum().counts.failures(), 7U);
  EXPECT_EQ(kept.sum().latency.at(1), 5U);
  EXPECT_EQ(kept.bounds, totals_.registration_seconds.bounds);
  next.sample(clock_.now(), {});  // the new process
  next.sample(clock_.now(), Totals{.onboarded = 2});
  EXPECT_EQ(next.last(clock_.now(), hours(1), 24).sum().counts.onboarded, 7U);
}

TEST_F(ActivityTest, AnotherNodeHasItsOwnHistory) {
  onboard(5);
  Activity other = restart("2");
  load(other);
  EXPECT_EQ(other.last(clock_.now(), hours(1), 24).sum().counts.onboarded, 0U);
}

TEST_F(ActivityTest, SkipsOldAndBrokenRecords) {
  onboard(5);
  Activity next = restart();
  clock_.advance(hours(24 * 40));
  load(next);
  EXPECT_EQ(next.last(clock_.now(), hours(6), 120).sum().counts.onboarded, 0U);
  for (const char* broken :
       {"", "[]", "{}", R"({"piece":"x"})", R"({"piece":-1,"steps":{}})",
        R"({"piece":99999999999,"steps":{"0":{"onboarded":9}}})", R"({"piece":0,"steps":[]})"}) {
    for (auto& [key, setting] : kept_) setting.value = broken;
    load(next);
  }
  const std::int64_t piece = std::chrono::floor<hours>(clock_.now().time_since_epoch()).count();
  for (auto& [key, setting] : kept_) {
    setting.value = fmt::format(
        R"({{"piece":{},"steps":{{"-1":{{"onboarded":1}},"60":{{"onboarded":1}},"x":1,"0":[]}}}})",
        piece);
  }
  load(next);
  EXPECT_EQ(next.last(clock_.now(), hours(6), 120).sum().counts.onboarded, 0U);
  EXPECT_EQ(next.last(clock_.now(), minutes(1), 1500).sum().counts.onboarded, 0U);
}

TEST_F(ActivityTest, WritesOnlyChangedRecords) {
  EXPECT_TRUE(activity_.changed(clock_.now()).empty());
  onboard(1);
  EXPECT_EQ(activity_.changed(clock_.now()).size(), 2U);
  activity_.committed(false);
  EXPECT_EQ(activity_.changed(clock_.now()).size(), 2U) << "not stored yet";
  activity_.committed(true);
  activity_.sample(clock_.now(), totals_);
  EXPECT_TRUE(activity_.changed(clock_.now()).empty());
}

TEST_F(ActivityTest, IgnoresCountersThatStartAgain) {
  onboard(5);
  activity_.sample(clock_.now(), {});
  EXPECT_EQ(last(minutes(1), 5).sum().counts.onboarded, 5U);
}

TEST(Quantiles, AreInterpolatedWithinTheirBuckets) {
  const std::vector<double> bounds{0.1, 0.2, 0.4};
  EXPECT_FALSE(quantile(bounds, {0, 0, 0, 0}, 0.5));
  EXPECT_FALSE(quantile({}, {}, 0.5));
  EXPECT_DOUBLE_EQ(*quantile(bounds, {10, 0, 0, 0}, 0.5), 0.05);
  EXPECT_DOUBLE_EQ(*quantile(bounds, {5, 5, 0, 0}, 0.5), 0.1);
  EXPECT_DOUBLE_EQ(*quantile(bounds, {0, 0, 4, 0}, 0.75), 0.35);
  EXPECT_DOUBLE_EQ(*quantile(bounds, {0, 0, 0, 3}, 0.5), 0.4);
}

TEST(Windows, SlideOverTheirLength) {
  Window window(Seconds(10));
  Monotonic at{};
  EXPECT_EQ(window.difference(), Counts());
  for (std::uint64_t i = 0; i <= 30; ++i, at += Seconds(1)) {
    window.add(at, {.onboarded = i});
    EXPECT_EQ(window.difference().onboarded, std::min<std::uint64_t>(i, 10)) << i;
  }
}

TEST(Windows, KeepFewSamplesOverManyHours) {
  Window window(hours(24));
  Monotonic at{};
  for (std::uint64_t i = 0; i <= 2 * 86'400; ++i, at += Seconds(1))
    window.add(at, {.onboarded = i});
  EXPECT_GE(window.difference().onboarded, 86'400U);
  EXPECT_LE(window.difference().onboarded, 86'400U + 1'500);
}

}  // namespace
}  // namespace imprint::monitoring
