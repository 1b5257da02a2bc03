// SPDX-License-Identifier: Apache-2.0
#include "alarms/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarms/options.h"
#include "alarms/point_alarms.h"

namespace imprint::alarms {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using enum Finding::State;

TEST(Kinds, AreParsedFromTheirNames) {
  for (const Kind kind : all_kinds()) EXPECT_EQ(parse_kind(to_string(kind)), kind);
  EXPECT_FALSE(parse_kind("campaign"));
  EXPECT_FALSE(parse_kind(""));
}

TEST(FailureRatio, NeedsManyAttemptsAndDoesNotFlap) {
  struct Row {
    const char* name;
    Tally tally;
    Finding::State state;
  };
  const Row rows[] = {
      {"no attempts", {}, calm},
      {"one refused of three", {.good = 2, .bad = 1}, between},
      {"all three refused", {.good = 0, .bad = 3}, between},
      {"one attempt too few", {.good = 9, .bad = 10}, between},
      {"just enough attempts", {.good = 10, .bad = 10}, bad},
      {"only failures", {.good = 0, .bad = 20}, bad},
      {"7 %", {.good = 93, .bad = 7}, bad},
      {"exactly 5 % is not above", {.good = 100, .bad = 5}, between},
      {"just above", {.good = 99, .bad = 5}, bad},
      {"between both bounds", {.good = 100, .bad = 4}, between},
      {"exactly 3 %", {.good = 100, .bad = 3}, calm},
      {"no failures", {.good = 1000, .bad = 0}, calm},
      {"one failure of many", {.good = 1000, .bad = 1}, calm},
  };
  for (const Row& row : rows)
    EXPECT_EQ(judge_failures({}, row.tally, {}).state, row.state) << row.name;
}

TEST(FailureRatio, NamesTheMostFrequentCauseAndADevice) {
  const TopFailure top_failure{.category = "not-admitted",
                               .title = "The rules keep the device out",
                               .remedy = "Correct the list.",
                               .count = 6,
                               .example = {.serial_number = "X-1"}};
  const Finding finding = judge_failures({}, {.good = 93, .bad = 7}, top_failure);
  EXPECT_THAT(finding.because, HasSubstr("7 of 100 provisioning steps failed within 10m: 7.5 %"));
  EXPECT_THAT(finding.because,
              HasSubstr("(6 times): The rules keep the device out (not-admitted)"));
  EXPECT_THAT(finding.next, HasSubstr("Correct the list."));
  EXPECT_EQ(finding.device.serial_number, "X-1");
  EXPECT_THAT(finding.commands, ElementsAre("imprint explain DIR --serial=X-1"));
  EXPECT_EQ(finding.hold, Seconds(600));
}

TEST(FailureRatio, QuotesSerialNumbersInCommandsOrOmitsTheCommand) {
  struct Row {
    std::string serial;
    std::vector<std::string> commands;
  };
  const Row rows[] = {
      {"A-1.b:2/c_3", {"imprint explain DIR --serial=A-1.b:2/c_3"}},
      {"-rf", {"imprint explain DIR --serial='-rf'"}},
      {"x;$(touch y)", {"imprint explain DIR --serial='x;$(touch y)'"}},
      {"it's", {"imprint explain DIR --serial='it'\\''s'"}},
      {"a\nb", {}},
      {"\xc2\x9b[31m", {}},
  };
  for (const Row& row : rows) {
    const TopFailure top_failure{
        .category = "c", .remedy = "r", .count = 1, .example = {.serial_number = row.serial}};
    EXPECT_EQ(judge_failures({}, {.bad = 20}, top_failure).commands, row.commands) << row.serial;
  }
}

TEST(FailureRatio, NamesNoPercentageWithoutSuccesses) {
  EXPECT_THAT(judge_failures({}, {.bad = 25}, {}).because,
              AllOf(HasSubstr("25 provisioning steps failed"), HasSubstr("no device was onboarded"),
                    Not(HasSubstr("2500"))));
}

TEST(Hooks, FailuresAndRejectionsAreDifferentAlarms) {
  const HookTally broken{.answered = 20, .denied = 0, .failed = 10, .timed_out = 10};
  EXPECT_EQ(judge_hook_failures({}, broken).state, bad);
  EXPECT_EQ(judge_hook_rejections(Options().hook_rejections, broken).state, calm);
  const HookTally strict{.answered = 40, .denied = 20};
  EXPECT_EQ(judge_hook_failures({}, strict).state, calm);
  EXPECT_EQ(judge_hook_rejections(Options().hook_rejections, strict).state, bad);
  EXPECT_EQ(judge_hook_failures({}, {}).state, calm);
  EXPECT_THAT(judge_hook_failures({}, broken).because, HasSubstr("10 were not answered in time"));
}

TEST(Batches, RaiseAnAlarmWhenTheyStopGrowing) {
  OpenBatch batch{.claim = "ab", .devices = 37, .most = 100, .since_last = Seconds(1799)};
  EXPECT_EQ(judge_batch({}, batch).state, between) << "has not been observed to grow yet";
  batch.has_grown = true;
  EXPECT_EQ(judge_batch({}, batch).state, calm);
  OpenBatch still = batch;
  still.since_last = Seconds(1800);
  const Finding finding = judge_batch({}, still);
  EXPECT_EQ(finding.state, bad);
  EXPECT_EQ(finding.subject, "ab");
  EXPECT_THAT(finding.because, HasSubstr("37 of 100"));
  EXPECT_THAT(finding.commands, ElementsAre(HasSubstr("--certificate ab"),
                                            HasSubstr("claim set DIR ab --max-devices 37")));
}

TEST(Expiry, IsJudgedByTheLimitAndTheLifetime) {
  const Timestamp now(std::chrono::hours(24 * 20'000));
  const auto days = [](int count) { return std::chrono::hours(24 * count); };
  struct Row {
    const char* name;
    WatchedCertificate::What what;
    Timestamp not_before;
    Timestamp not_after;
    Finding::State state;
    Kind kind;
  };
  using What = WatchedCertificate::What;
  const Row rows[] = {
      {"server, far", What::server, now - days(300), now + days(31), calm,
       Kind::certificates_expiring},
      {"server, near", What::server, now - days(335), now + days(29), bad,
       Kind::certificates_expiring},
      {"server, expired", What::server, now - days(365), now - days(1), bad,
       Kind::certificates_expiring},
      {"server for a week, new", What::server, now, now + days(7), calm,
       Kind::certificates_expiring},
      {"server for a week, last quarter", What::server, now - days(6), now + days(1), bad,
       Kind::certificates_expiring},
      {"claim for a day, new", What::claim, now, now + days(1), calm, Kind::certificates_expiring},
      {"claim for a month, near", What::claim, now - days(29), now + days(1), bad,
       Kind::certificates_expiring},
      {"root, near", What::root, now - days(3000), now + days(89), bad, Kind::ca_expiring},
      {"issuing, far", What::issuing, now - days(3000), now + days(91), calm, Kind::ca_expiring},
      {"registered, near", What::registered, now - days(3000), now + days(1), bad,
       Kind::ca_expiring},
  };
  for (const Row& row : rows) {
    const Finding finding = judge_certificate(
        {},
        {.what = row.what, .id = "ab", .not_before = row.not_before, .not_after = row.not_after},
        now);
    EXPECT_EQ(finding.state, row.state) << row.name;
    EXPECT_EQ(finding.kind, row.kind) << row.name;
    EXPECT_EQ(finding.subject, "ab");
    EXPECT_FALSE(finding.next.empty());
  }
}

TEST(Expiry, CountsTheCertificatesOfAFleet) {
  EXPECT_EQ(judge_fleet({}, 0, false).state, calm);
  EXPECT_THAT(judge_fleet({}, 1, false).because, HasSubstr("1 ACTIVE device certificate expires"));
  EXPECT_THAT(judge_fleet({}, 1000, true).because, HasSubstr("at least 1000 ACTIVE"));
  EXPECT_EQ(judge_fleet({}, 1, false).state, bad);
}

TEST(Disks, AreCalmOnlyWellAboveTheLimit) {
  const auto state = [](std::int64_t free) {
    return judge_disk({.least_mib = 500}, {.free_mib = free, .total_mib = 10'000}, "d").state;
  };
  EXPECT_EQ(state(499), bad);
  EXPECT_EQ(state(0), bad);
  EXPECT_EQ(state(500), between);
  EXPECT_EQ(state(599), between);
  EXPECT_EQ(state(600), calm);
}

TEST(Stores, RaiseAnAlarmAfterOneFailure) {
  EXPECT_EQ(judge_store({}, 0).state, calm);
  EXPECT_EQ(judge_store({}, 1).state, bad);
}

TEST(Options, AreRefusedIfInconsistent) {
  struct Row {
    const char* where;
    const char* part;
    void (*change)(Options&);
  };
  const Row rows[] = {
      {"failure-ratio.below", "would flap", [](Options& o) { o.failure_ratio.below = 0.06; }},
      {"hook-failures.below", "would flap", [](Options& o) { o.hook_failures.below = 0.06; }},
      {"hook-rejections.below", "would flap", [](Options& o) { o.hook_rejections.below = 0.3; }},
      {"webhook.url", "not an http://", [](Options& o) { o.webhook.url = "ftp://x"; }},
      {"webhook.hmac-key-file", "without url", [](Options& o) { o.webhook.hmac_key_file = "k"; }},
      {"webhook.bearer-file", "https URL",
       [](Options& o) { o.webhook = {.url = "http://example.net", .bearer_file = "b"}; }},
      {"webhook.ca-file", "https URLs only",
       [](Options& o) { o.webhook = {.url = "http://example.net", .ca_file = "b"}; }},
      {"mail.to", "without server", [](Options& o) { o.mail.to = {"a@b"}; }},
      {"mail.server", "not an smtp://", [](Options& o) { o.mail.server = "mail.example.net"; }},
      {"mail.server", "continues after the host",
       [](Options& o) { o.mail.server = "smtp://mail.example.net/x"; }},
      {"mail.server", "user name or password",
       [](Options& o) { o.mail.server = "smtp://me:secret@mail.example.net"; }},
      {"mail.from", "is missing", [](Options& o) { o.mail.server = "smtp://m"; }},
      {"mail.from", "not a plain mail address",
       [](Options& o) { o.mail = {.server = "smtp://m", .from = "a@b>\r\nRCPT TO:<c@d"}; }},
      {"mail.to", "is missing", [](Options& o) { o.mail = {.server = "smtp://m", .from = "a@b"}; }},
      {"mail.to", "not a plain mail address",
       [](Options& o) { o.mail = {.server = "smtp://m", .from = "a@b", .to = {"c, d@e"}}; }},
      {"mail.password-file", "required together",
       [](Options& o) {
         o.mail = {.server = "smtp://m", .from = "a@b", .to = {"c@d"}, .password_file = "p"};
       }},
      {"mail.starttls", "unencrypted",
       [](Options& o) {
         o.mail = {.server = "smtp://m",
                   .from = "a@b",
                   .to = {"c@d"},
                   .user = "u",
                   .password_file = "p",
                   .starttls = false};
       }},
  };
  EXPECT_TRUE(check({}));
  for (const Row& row : rows) {
    Options options;
    row.change(options);
    const auto checked = check(options);
    ASSERT_FALSE(checked) << row.where << " " << row.part;
    EXPECT_THAT(checked.error().message, HasSubstr(row.part)) << row.where;
    if (std::string_view(row.part) != "required together")
      EXPECT_EQ(checked.error().where, row.where) << row.part;
    EXPECT_THAT(checked.error().message, ::testing::Not(HasSubstr("secret")));
  }
  Options sound;
  sound.webhook = {.url = "http://127.0.0.1:9/x", .hmac_key_file = "k", .bearer_file = "b"};
  sound.mail = {.server = "smtps://mail.example.net",
                .from = "imprint@example.net",
                .to = {"ops@example.net", "line-3@example.net"},
                .user = "u",
                .password_file = "p",
                .starttls = false};
  EXPECT_TRUE(check(sound)) << check(sound).error().message;
}

TEST(PointAlarms, AreRecognizedOnlyInTheirEvents) {
  const auto event = alarm_event(Kind::duplicate_device, "two keys", {});
  EXPECT_EQ(raised_by(event), Kind::duplicate_device);
  auto resolved = event;
  resolved.outcome = "resolved";
  EXPECT_FALSE(raised_by(resolved));
  auto other = event;
  other.step = "connect";
  EXPECT_FALSE(raised_by(other));
  for (const char* detail : {"", "[]", "{}", R"({"alarm":1})", R"({"alarm":"campaign"})", "{"}) {
    auto broken = event;
    broken.detail = detail;
    EXPECT_FALSE(raised_by(broken)) << detail;
  }
}

}  // namespace
}  // namespace imprint::alarms
