// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"
#include "test/support/quiet_log.h"

namespace imprint::server {
namespace {

using registry::AuditEvent;
using ::testing::HasSubstr;

class JournalTest : public ::testing::Test {
 protected:
  std::vector<AuditEvent> recorded() {
    return *runtime::run_blocking(
        registry::list_all<AuditEvent>(store, registry::query::AuditEvents{}));
  }
  test::MemoryStore store;
  test::FakeClock clock;
  telemetry::Log log = test::quiet_log();
  static constexpr telemetry::Allowance kShared{200, Seconds(5)};
  Journal journal{store, clock, log, kShared};
};

TEST_F(JournalTest, RecordsStepsWithTheTime) {
  journal.note({"a"}, {.step = "connect", .outcome = "ok", .client = "d"});
  const auto events = recorded();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].client, "d");
  EXPECT_EQ(events[0].time, clock.now());
}

TEST_F(JournalTest, AFloodFromOnePayerIsPausedAndReportedWhileOthersContinue) {
  for (int i = 0; i < 1000; ++i)
    journal.note({"loud"}, {.step = "connect", .outcome = "denied", .detail = R"({"claim":true})"});
  const std::size_t loud = recorded().size();
  EXPECT_LT(loud, 200U);
  EXPECT_EQ(recorded().back().step, "journal");
  EXPECT_EQ(recorded().back().outcome, "paused");
  EXPECT_THAT(recorded().back().detail, HasSubstr(R"("claim":true)"))
      << "otherwise a story would follow the claim to other devices";

  journal.note({"quiet"}, {.step = "connect", .outcome = "ok"});
  EXPECT_EQ(recorded().size(), loud + 1);

  clock.advance(std::chrono::minutes(10));
  journal.note({"loud"}, {.step = "publish", .outcome = "denied"});
  const std::vector<AuditEvent> events = recorded();
  EXPECT_EQ(events[events.size() - 2].step, "publish") << "after a quiet time it is recorded again";
  EXPECT_EQ(events.back().outcome, "resumed");
  EXPECT_THAT(events.back().detail, HasSubstr("940 more like this were left out"));
}

/// A leaked claim: another client id each time, two steps per connection.
TEST_F(JournalTest, OneClaimWithManyNamesIsBoundedAndCounted) {
  const std::string claim(64, 'c');
  const auto connect = [&](int i) {
    const std::string client = fmt::format("random-{}", i);
    for (const char* step : {"connect", "disconnect"}) {
      journal.note({claim + "/" + client, claim}, {.step = step,
                                                   .outcome = "ok",
                                                   .actor = claim,
                                                   .correlation = client,
                                                   .thing = "t",
                                                   .certificate = claim,
                                                   .client = client,
                                                   .detail = R"({"claim":true})"});
    }
  };
  const int burst = static_cast<int>(kShared.burst);
  for (int i = 0; i < burst; ++i) connect(i);
  std::vector<AuditEvent> events = recorded();
  ASSERT_EQ(events.size(), static_cast<std::size_t>(burst) + 1);
  EXPECT_EQ(events.back().step, "journal");
  EXPECT_EQ(events.back().outcome, "paused");
  EXPECT_EQ(events.back().certificate, claim);
  EXPECT_EQ(events.back().client + events.back().thing + events.back().correlation, "")
      << "it is not about a device";
  EXPECT_THAT(events.back().detail, HasSubstr(R"("claim":true)"));

  journal.note({"device"}, {.step = "connect", .outcome = "ok"});
  EXPECT_EQ(recorded().size(), events.size() + 1) << "others are still recorded";

  clock.advance(kShared.each);
  connect(0);
  events = recorded();
  EXPECT_EQ(events[events.size() - 2].step, "connect");
  EXPECT_EQ(events.back().outcome, "paused") << "a trickle, each with what it stands for";
  EXPECT_THAT(events.back().detail, HasSubstr(fmt::format(R"("left_out":{})", burst)));
}

TEST_F(JournalTest, OneNoisyNameDoesNotSpendTheBudgetOfItsGroup) {
  for (int i = 0; i < 1000; ++i)
    journal.note({"claim/loud", "claim"}, {.step = "connect", .outcome = "denied"});
  const std::size_t before = recorded().size();
  EXPECT_LT(before, 100U);
  journal.note({"claim/other", "claim"}, {.step = "connect", .outcome = "ok"});
  EXPECT_EQ(recorded().size(), before + 1);
}

TEST_F(JournalTest, AddressesAreBoundedTogetherToo) {
  for (int i = 0; i < 2 * kShared.burst; ++i) {
    journal.note({fmt::format("2001:db8::{:x}", i), "refused handshakes"},
                 {.step = "tls_handshake", .outcome = "denied", .certificate = "ab"});
  }
  const std::vector<AuditEvent> events = recorded();
  EXPECT_EQ(events.size(), static_cast<std::size_t>(kShared.burst) + 1);
  EXPECT_THAT(events.back().detail, HasSubstr("too many refused handshakes"));
  EXPECT_EQ(events.back().certificate, "") << "it is not about any particular certificate";
}

}  // namespace
}  // namespace imprint::server
