// SPDX-License-Identifier: Apache-2.0
#include "fleet/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/json.h"

namespace imprint::fleet {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

Outcome success(int total_ms) {
  Outcome out{.device = "d", .total = milliseconds(total_ms)};
  out.steps[0] = milliseconds(1);
  return out;
}

Outcome failure(std::string device, Cause cause, std::string code, Step step) {
  Outcome out{.device = std::move(device)};
  out.failure = Failure{.cause = cause, .code = std::move(code), .message = "m", .step = step};
  return out;
}

TEST(Latency, TakesNearestRanks) {
  struct Row {
    int count;
    int p50;
    int p90;
    int p99;
    int max;
  };
  for (const Row& row : {Row{1, 1, 1, 1, 1}, Row{2, 1, 2, 2, 2}, Row{10, 5, 9, 10, 10},
                         Row{100, 50, 90, 99, 100}, Row{1000, 500, 900, 990, 1000}}) {
    std::vector<Duration> values;
    for (int i = row.count; i > 0; --i) values.emplace_back(milliseconds(i));
    const Latency latency = Latency::of(values);
    EXPECT_EQ(latency.count, static_cast<std::size_t>(row.count));
    EXPECT_EQ(latency.p50, milliseconds(row.p50)) << row.count;
    EXPECT_EQ(latency.p90, milliseconds(row.p90)) << row.count;
    EXPECT_EQ(latency.p99, milliseconds(row.p99)) << row.count;
    EXPECT_EQ(latency.max, milliseconds(row.max)) << row.count;
  }
  std::vector<Duration> none;
  EXPECT_EQ(Latency::of(none).count, 0U);
}

TEST(Tally, MergesAndGroupsByCauseCodeAndStep) {
  Tally a;
  Tally b;
  a.add(success(10));
  b.add(success(30));
  for (int i = 0; i < 5; ++i)
    a.add(failure("a" + std::to_string(i), Cause::rejected, "Throttled", Step::create));
  b.add(failure("b", Cause::rejected, "Throttled", Step::create));
  b.add(failure("c", Cause::rejected, "Throttled", Step::register_thing));
  b.add(failure("d", Cause::tls, "Throttled", Step::create));
  a.merge(std::move(b));
  const Report report = std::move(a).report(milliseconds(500));
  EXPECT_EQ(report.devices, 10U);
  EXPECT_EQ(report.succeeded, 2U);
  EXPECT_EQ(report.failed(), 8U);
  EXPECT_DOUBLE_EQ(report.rate(), 4.0);
  EXPECT_EQ(report.total.max, milliseconds(30));
  EXPECT_EQ(report.steps[0].count, 2U);
  ASSERT_EQ(report.failures.size(), 3U);
  EXPECT_EQ(report.failures[0].count, 6U);
  EXPECT_EQ(report.failures[0].examples.size(), Tally::kExamples);
  EXPECT_EQ(report.failures[0].examples[0].device, "a0");
}

TEST(Tally, LimitsTheNumberOfCodes) {
  Tally tally;
  for (std::size_t i = 0; i < Tally::kMaxGroups + 50; ++i)
    tally.add(failure("d", Cause::rejected, "code " + std::to_string(i), Step::create));
  const Report report = std::move(tally).report(milliseconds(1));
  EXPECT_EQ(report.failures.size(), Tally::kMaxGroups + 1);
  EXPECT_EQ(report.failures[0].code, "other");
  EXPECT_EQ(report.failures[0].count, 50U);
}

TEST(Report, HasTheSameContentAsTextAndJson) {
  Tally tally;
  tally.add(success(20));
  tally.add(failure("s-2", Cause::rejected, "Throttled", Step::register_thing));
  const Report report = std::move(tally).report(milliseconds(2000));
  const std::string text = to_text(report);
  EXPECT_THAT(text, HasSubstr("2 devices in 2.00 s: 0 devices/s, 1 succeeded, 1 failed\n"));
  EXPECT_THAT(text, HasSubstr("whole           20.0      20.0      20.0      20.0\n"));
  EXPECT_THAT(text, HasSubstr("1 x rejected at register: Throttled\n  s-2: m\n"));
  EXPECT_EQ(
      encoding::to_json(to_json_object(report)),
      R"({"devices":2,"succeeded":1,"failed":1,"retries":0,"seconds":2E0,"devicesPerSecond":5E-1,)"
      R"("latencyMs":{"whole":{"count":1,"p50":2E1,"p90":2E1,"p99":2E1,"max":2E1},)"
      R"("connect":{"count":1,"p50":1E0,"p90":1E0,"p99":1E0,"max":1E0}},)"
      R"("failures":[{"cause":"rejected","code":"Throttled","step":"register","count":1,)"
      R"("examples":[{"device":"s-2","message":"m"}]}]})");
}

}  // namespace
}  // namespace imprint::fleet
