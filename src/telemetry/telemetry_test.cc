// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <numeric>
#include <set>
#include <thread>
#include <unistd.h>

#include "base/clock.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/process.h"
#include "test/support/fake_clock.h"

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

/// A log that writes to a pipe.
struct PipedLog {
  PipedLog() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  ~PipedLog() {
    for (const int end : ends) ::close(end);
  }
  /// The remaining output after the log was destroyed.
  std::string rest() {
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    std::string out;
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
      out.append(buffer.data(), static_cast<std::size_t>(got));
    return out;
  }
  SystemClock clock;
  std::array<int, 2> ends{};
};

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Log, RepeatedLinesHaveABudgetPerSource) {
  PipedLog piped;
  {
    Log log(LogFormat::text, Level::info, piped.clock, piped.ends[1]);
    for (int i = 0; i < 1000; ++i)
      log.warning("denied", {{"client", std::to_string(i)}, {"certificate", "aaaa"}});
    log.warning("denied", {{"client", "x"}, {"certificate", "bbbb"}});
    log.info("something else", {{"certificate", "aaaa"}});
  }
  const std::string all = piped.rest();
  EXPECT_EQ(count(all, "certificate=aaaa"), 21U) << all;
  EXPECT_EQ(count(all, "certificate=bbbb"), 1U);
}

TEST(Log, BudgetsRefillOverTime) {
  PipedLog piped;
  test::FakeClock clock;
  {
    Log log(LogFormat::text, Level::info, clock, piped.ends[1]);
    for (int i = 0; i < 30; ++i) log.warning("denied", {{"certificate", "aaaa"}, {"n", i}});
    clock.advance(Seconds(9));
    log.warning("denied", {{"certificate", "aaaa"}, {"n", 30}});
    clock.advance(Seconds(1));
    for (int i = 31; i < 40; ++i) log.warning("denied", {{"certificate", "aaaa"}, {"n", i}});
  }
  const std::string all = piped.rest();
  EXPECT_EQ(count(all, "denied"), 21U) << all;
  EXPECT_NE(all.find("n=19\n"), std::string::npos) << all;
  EXPECT_NE(all.find("n=31 more_like_this=11\n"), std::string::npos) << all;
  EXPECT_EQ(count(all, "2026-01-01T"), 21U) << "with the clock's time: " << all;
}

TEST(Log, UnregisteredCertificatesShareTheBudgetOfTheirAddress) {
  PipedLog piped;
  {
    Log log(LogFormat::text, Level::info, piped.clock, piped.ends[1]);
    const auto refuse = [&](const std::string& from, int certificate) {
      log.warning("refused", {pays({"from", from}), {"certificate", std::to_string(certificate)}});
    };
    for (int i = 0; i < 100; ++i) refuse("192.0.2.1", i);
    for (int i = 0; i < 100; ++i) refuse(fmt::format("2001:db8::{:x}", i + 1), i);
    refuse("192.0.2.2", 0);
  }
  const std::string all = piped.rest();
  EXPECT_EQ(count(all, "from=192.0.2.1 "), 20U) << all;
  EXPECT_EQ(count(all, "from=2001:db8::"), 20U) << "one network";
  EXPECT_EQ(count(all, "from=192.0.2.2 "), 1U);
}

TEST(Log, WritingDoesNotWaitForAStalledReader) {
  PipedLog piped;
  std::string first;
  {
    Log log(LogFormat::json, Level::debug, piped.clock, piped.ends[1]);
    const std::string long_text(900, 'x');
    // More than the pipe and the queue can hold, while nobody reads.
    for (int i = 0; i < 20'000; ++i) log.debug("line", {{"n", i}, {"text", long_text}});
    std::array<char, 65536> buffer{};
    // Read until there is room for the last line.
    for (int i = 0; i < 40; ++i) {
      const ssize_t got = ::read(piped.ends[0], buffer.data(), buffer.size());
      ASSERT_GT(got, 0);
      first.append(buffer.data(), static_cast<std::size_t>(got));
    }
    log.debug("the last one");
    std::thread reader([&] {
      for (ssize_t got = 0; first.find("the last one") == std::string::npos &&
                            (got = ::read(piped.ends[0], buffer.data(), buffer.size())) > 0;)
        first.append(buffer.data(), static_cast<std::size_t>(got));
    });
    reader.join();
  }
  EXPECT_EQ(count(first, "log lines were dropped"), 1U);
  EXPECT_LT(first.find("log lines were dropped"), first.find("the last one"));
}

TEST(Log, DestructionDoesNotWaitForAStalledReader) {
  PipedLog piped;
  Log log(LogFormat::text, Level::debug, piped.clock, piped.ends[1]);
  const std::string long_text(900, 'x');
  for (int i = 0; i < 1'000; ++i) log.debug("line", {{"text", long_text}});
}

TEST(Metrics, LimitTheNumberOfSeries) {
  Metrics metrics;
  for (int i = 0; i < 1000; ++i)
    metrics.provisioning_failed("T" + std::to_string(i), "csr",
                                outcome::FailureCategory::invalid_csr, 0.1);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("template=\"other\""), std::string::npos);
  EXPECT_EQ(text.find("template=\"T900\""), std::string::npos);
}

TEST(Metrics, CountEvents) {
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

TEST(Metrics, SumTheValuesForAlarms) {
  Metrics metrics;
  metrics.provisioning_succeeded("A", "csr", 0.01);  // not a device yet
  metrics.provisioning_succeeded("A", "register", 0.002);
  metrics.provisioning_succeeded("B", "jitp", 0.002);
  metrics.provisioning_repeated("A", "register");
  metrics.provisioning_failed("A", "register", outcome::FailureCategory::not_admitted, 20);
  metrics.provisioning_failed("B", "csr", outcome::FailureCategory::not_admitted, 1);
  metrics.hook_called("A", HookOutcome::denied, false, 0.1);
  metrics.hook_called("A", HookOutcome::denied, true, 0.1);
  metrics.hook_called("A", HookOutcome::allowed, false, 0.1);
  metrics.store_committed(5, 2, 0.001);
  const Totals totals = metrics.totals();
  EXPECT_EQ(totals.onboarded, 2);
  EXPECT_EQ(totals.failed[static_cast<std::size_t>(outcome::FailureCategory::not_admitted)], 2);
  EXPECT_EQ(std::accumulate(totals.failed.begin(), totals.failed.end(), 0U), 2);
  EXPECT_EQ(totals.hooks, (std::array<std::uint64_t, kHookOutcomes>{1, 1, 0, 0}));
  EXPECT_EQ(totals.store_failures, 2);
  const Distribution& seconds = totals.registration_seconds;
  ASSERT_EQ(seconds.counts.size(), seconds.bounds.size() + 1);
  EXPECT_EQ(seconds.bounds[2], 0.0025);
  EXPECT_EQ(seconds.counts[2], 2);
  EXPECT_EQ(seconds.counts.back(), 1) << "20 s, above all bounds";
  EXPECT_EQ(std::accumulate(seconds.counts.begin(), seconds.counts.end(), 0U), 3);
}

TEST(ProcessStatistics, AreReadFromTheSystem) {
  const Process process = this_process();
  const double now = std::chrono::duration<double>(SystemClock().now().time_since_epoch()).count();
  EXPECT_LE(process.start_seconds, now);
  EXPECT_GT(process.start_seconds, now - 86'400);
  EXPECT_GT(process.resident_bytes, 1e6);
  EXPECT_GE(process.open_descriptors, 3);
}

}  // namespace
}  // namespace imprint::telemetry
