// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/memory/memory_store.h"
#include "test/support/fake_clock.h"

namespace imprint::server {
namespace {

using registry::AuditEvent;

class JournalTest : public ::testing::Test {
 protected:
  std::vector<AuditEvent> recorded() {
    return *runtime::run_blocking(
        registry::list_all<AuditEvent>(store, registry::query::AuditEvents{}));
  }
  registry::MemoryStore store;
  test::FakeClock clock;
  telemetry::Log log{telemetry::LogFormat::text, telemetry::Level::error};
  Journal journal{store, clock, log};
};

TEST_F(JournalTest, RecordsStepsWithTheTime) {
  journal.note("a", {.step = "connect", .outcome = "ok", .client = "d"});
  const auto events = recorded();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].client, "d");
  EXPECT_EQ(events[0].time, clock.now());
}

TEST_F(JournalTest, OneThatNeverStopsIsPausedAndSaysSoWhileOthersGoOn) {
  for (int i = 0; i < 1000; ++i)
    journal.note("loud", {.step = "connect", .outcome = "denied", .detail = R"({"claim":true})"});
  const std::size_t loud = recorded().size();
  EXPECT_LT(loud, 200U);
  EXPECT_EQ(recorded().back().step, "journal");
  EXPECT_EQ(recorded().back().outcome, "paused");
  EXPECT_THAT(recorded().back().detail, ::testing::HasSubstr(R"("claim":true)"))
      << "else a story would follow the claim into other devices";

  journal.note("quiet", {.step = "connect", .outcome = "ok"});
  EXPECT_EQ(recorded().size(), loud + 1);

  clock.advance(std::chrono::minutes(10));
  journal.note("loud", {.step = "publish", .outcome = "denied"});
  EXPECT_EQ(recorded().back().step, "publish") << "after a quiet time it is heard again";
}

}  // namespace
}  // namespace imprint::server
