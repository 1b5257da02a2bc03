// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <gtest/gtest.h>
#include <numeric>
#include <set>

#include "base/clock.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/process.h"

namespace imprint::telemetry {
namespace {

TEST(Log, KeepsOutsideTextOnOneLine) {
  const std::string attack = "x\r\n2026 info admin logged in\x1b[2J\xc2\x9b";
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    const std::string line =
        format_line(format, Level::warning, "connect refused", {{"client", attack}, {"n", 3}});
    for (const char c : line) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20U);
      EXPECT_LT(static_cast<unsigned char>(c), 0x7FU);
    }
    EXPECT_NE(line.find("\\u000d\\u000a"), std::string::npos) << line;
  }
}

TEST(Log, WritesFieldsInBothFormats) {
  EXPECT_EQ(format_line(LogFormat::text, Level::info, "registered",
                        {{"thing", "device-1"}, {"reason", "a b"}, {"n", 2}}),
            "info    registered thing=device-1 reason=\"a b\" n=2");
  EXPECT_EQ(
      format_line(LogFormat::json, Level::error, "say \"x\"", {{"thing", "device-1"}, {"s", 0.5}}),
      R"("level":"error","message":"say \"x\"","thing":"device-1","s":0.5)");
}

TEST(Log, CutsLongValues) {
  EXPECT_LT(
      format_line(LogFormat::text, Level::info, "x", {{"v", std::string(100000, 'a')}}).size(),
      1100U);
}

TEST(Metrics, CapTheNumberOfSeries) {
  Metrics metrics;
  for (int i = 0; i < 1000; ++i)
    metrics.provisioning_failed("T" + std::to_string(i), "csr", FailureCategory::invalid_csr, 0.1);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("template=\"other\""), std::string::npos);
  EXPECT_EQ(text.find("template=\"T900\""), std::string::npos);
}

TEST(Metrics, CountWhatHappened) {
  Metrics metrics;
  metrics.provisioning_succeeded("T", "csr", 0.01);
  metrics.claim_used("0123456789abcdef");
  metrics.watch_certificates([] { return std::array<std::size_t, 6>{7, 0, 0, 0, 0, 2}; });
  const std::string text = metrics.text();
  EXPECT_NE(text.find(R"(imprint_provisioning_success_total{method="csr",template="T"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(imprint_claim_uses_total{claim="0123456789ab"} 1)"), std::string::npos);
  EXPECT_NE(text.find(R"(imprint_certificates{status="ACTIVE"} 7)"), std::string::npos);
  EXPECT_NE(text.find("imprint_build_info{"), std::string::npos);
}

TEST(Metrics, SumWhatAlarmsAreMadeOf) {
  Metrics metrics;
  metrics.provisioning_succeeded("A", "csr", 0.01);  // not a device yet
  metrics.provisioning_succeeded("A", "register", 0.002);
  metrics.provisioning_succeeded("B", "jitp", 0.002);
  metrics.provisioning_repeated("A", "register");
  metrics.provisioning_failed("A", "register", FailureCategory::not_admitted, 20);
  metrics.provisioning_failed("B", "csr", FailureCategory::not_admitted, 1);
  metrics.hook_asked("A", HookOutcome::denied, false, 0.1);
  metrics.hook_asked("A", HookOutcome::denied, true, 0.1);
  metrics.hook_asked("A", HookOutcome::allowed, false, 0.1);
  metrics.store_committed(5, 2, 0.001);
  const Totals totals = metrics.totals();
  EXPECT_EQ(totals.onboarded, 2);
  EXPECT_EQ(totals.failed[static_cast<std::size_t>(FailureCategory::not_admitted)], 2);
  EXPECT_EQ(std::accumulate(totals.failed.begin(), totals.failed.end(), 0U), 2);
  EXPECT_EQ(totals.hooks, (std::array<std::uint64_t, kHookOutcomes>{1, 1, 0, 0}));
  EXPECT_EQ(totals.store_failures, 2);
  const Distribution& seconds = totals.registration_seconds;
  ASSERT_EQ(seconds.counts.size(), seconds.bounds.size() + 1);
  EXPECT_EQ(seconds.bounds[2], 0.0025);
  EXPECT_EQ(seconds.counts[2], 2);
  EXPECT_EQ(seconds.counts.back(), 1) << "20 s, beyond every bound";
  EXPECT_EQ(std::accumulate(seconds.counts.begin(), seconds.counts.end(), 0U), 3);
}

TEST(Metrics, TellOfTheProcessItself) {
  const Process process = this_process();
  const double now = std::chrono::duration<double>(SystemClock().now().time_since_epoch()).count();
  EXPECT_LE(process.start_seconds, now);
  EXPECT_GT(process.start_seconds, now - 86'400);
  EXPECT_GT(process.resident_bytes, 1e6);
  EXPECT_GE(process.open_descriptors, 3);
}

TEST(FailureCategories, HaveDistinctNamesAndSayWhatToDo) {
  std::set<std::string_view> names;
  for (const FailureCategoryInfo& info : failure_categories()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.title.empty());
    EXPECT_FALSE(info.remedy.empty());
    EXPECT_EQ(&info_of(info.category), &info);
  }
}

}  // namespace
}  // namespace imprint::telemetry
