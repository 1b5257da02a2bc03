// SPDX-License-Identifier: Apache-2.0
#include "audit/syslog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/text.h"

namespace imprint::audit {
namespace {

using registry::AuditEvent;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

AuditEvent event() {
  return {.sequence = 7,
          .time = from_milliseconds(1'772'366'400'023),
          .step = "register_thing",
          .outcome = "ok",
          .actor = "ac",
          .correlation = "co",
          .thing = "device-1",
          .certificate = "ce",
          .client = "bench-1",
          .serial_number = "S1",
          .detail = R"({"template":"T"})",
          .hash = Sha256{}};
}

TEST(Syslog, WritesAnEventAsRfc5424Requires) {
  EXPECT_EQ(to_syslog(event(), "iot.example"),
            "<110>1 2026-03-01T12:00:00.023Z iot.example imprintd - register_thing [imprint@32473 "
            "sequence=\"7\" step=\"register_thing\" outcome=\"ok\" actor=\"ac\" "
            "correlationId=\"co\" thingName=\"device-1\" certificateId=\"ce\" "
            "clientId=\"bench-1\" serialNumber=\"S1\" hash=\"" +
                std::string(64, '0') + "\"] \xEF\xBB\xBF{\"template\":\"T\"}");
  const AuditEvent bare{.sequence = 1, .step = "stop", .outcome = "ok"};
  EXPECT_EQ(to_syslog(bare, ""),
            "<110>1 1970-01-01T00:00:00.000Z - imprintd - stop [imprint@32473 sequence=\"1\" "
            "step=\"stop\" outcome=\"ok\"]");
}

TEST(Syslog, DerivesTheSeverityFromTheOutcome) {
  const std::pair<std::string, std::string> rows[] = {
      {"ok", "<110>1 "},     {"rejected", "<108>1 "}, {"denied", "<108>1 "},
      {"failed", "<107>1 "}, {"paused", "<109>1 "},   {"", "<109>1 "}};
  for (const auto& [outcome, begin] : rows) {
    AuditEvent one = event();
    one.outcome = outcome;
    EXPECT_THAT(to_syslog(one, "h"), StartsWith(begin)) << outcome;
  }
}

TEST(Syslog, EscapesCharactersThatWouldEndAValueOrALine) {
  const std::pair<std::string, std::string> rows[] = {
      {R"(a"b)", R"(clientId="a\"b")"},    {R"(a\b)", R"(clientId="a\\b")"},
      {"a]b", R"(clientId="a\]b")"},       {"a\nb", R"(clientId="a\\u000ab")"},
      {"a\x7F", R"(clientId="a\\u007f")"}, {"\xC3\xA9", "clientId=\"\xC3\xA9\""},
      {"\xC3", "clientId=\"hex c3\""},
  };
  for (const auto& [client, written] : rows) {
    AuditEvent one = event();
    one.client = client;
    EXPECT_THAT(to_syslog(one, "h"), HasSubstr(" " + written + " ")) << client;
  }
}

TEST(Syslog, KeepsHeaderFieldsPrintableAndShort) {
  AuditEvent one = event();
  one.step = std::string(40, 's');
  EXPECT_THAT(to_syslog(one, "h"), HasSubstr(" imprintd - " + std::string(32, 's') + " ["));
  one.step = "two words";
  EXPECT_THAT(to_syslog(one, "two words"), HasSubstr("Z - imprintd - - [imprint@32473 "));
  one.step = "";
  EXPECT_THAT(to_syslog(one, std::string(300, 'h')),
              HasSubstr("Z " + std::string(255, 'h') + " imprintd - - ["));
}

TEST(Syslog, WritesNilForATimeOutOfRange) {
  for (const std::int64_t time : {std::int64_t{-1}, std::int64_t{253'402'300'800'000},
                                  std::numeric_limits<std::int64_t>::max()}) {
    AuditEvent one = event();
    one.time = from_milliseconds(time);
    EXPECT_THAT(to_syslog(one, "h"), StartsWith("<110>1 - h imprintd ")) << time;
  }
}

TEST(Syslog, WritesTheLastTimeInRange) {
  AuditEvent one = event();
  one.time = from_milliseconds(253'402'300'799'999);
  EXPECT_THAT(to_syslog(one, "h"), StartsWith("<110>1 9999-12-31T23:59:59.999Z "));
}

TEST(Syslog, CutsTheMessageOfADatagramBetweenTwoCharacters) {
  AuditEvent one = event();
  one.detail = "{\"a\":\"";
  for (int i = 0; i < 2000; ++i) one.detail += "\xC3\xA9";
  one.detail += "\"}";
  const std::string whole = to_syslog(one, "h");
  for (const std::size_t most : {2048U, 2047U, 500U, 10U}) {
    const std::string cut = to_datagram(one, "h", most);
    EXPECT_THAT(whole, StartsWith(cut));
    EXPECT_TRUE(encoding::is_utf8(cut)) << most;
    EXPECT_THAT(cut, HasSubstr("hash=\"")) << "the structured data stays whole";
    if (most > 400) EXPECT_LE(cut.size(), most);
  }
  EXPECT_EQ(to_datagram(event(), "h"), to_syslog(event(), "h"));
}

TEST(Syslog, OmitsADetailThatIsNotUtf8AndReplacesControlCharacters) {
  AuditEvent one = event();
  one.detail = "{\xFF}";
  EXPECT_THAT(to_syslog(one, "h"), EndsWith("\"]"));
  one.detail = "{\n}";
  EXPECT_THAT(to_syslog(one, "h"), EndsWith("{ }"));
}

TEST(Syslog, CountsOctetsInAStream) { EXPECT_EQ(octet_counted("\xC3\xA9!"), "3 \xC3\xA9!"); }

}  // namespace
}  // namespace imprint::audit
