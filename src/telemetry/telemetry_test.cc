// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "telemetry/log.h"
#include "telemetry/metrics.h"

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
    metrics.provisioning_failed("T" + std::to_string(i), "csr", "InvalidCsr", 0.1);
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
}

}  // namespace
}  // namespace imprint::telemetry
