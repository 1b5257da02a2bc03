// SPDX-License-Identifier: Apache-2.0
#include "operator_api/live_feed.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "test/support/fake_clock.h"

namespace imprint::operator_api {
namespace {

TEST(LiveFeed, TellsATopicWhenItHasNews) {
  test::FakeClock clock;
  std::uint64_t version = 1;
  LiveFeed feed(clock, {{"alarms", [&](std::uint64_t& seen) -> std::optional<std::string> {
                           if (seen == version) return std::nullopt;
                           seen = version;
                           return fmt::format("{{\"version\":{}}}", version);
                         }}});
  auto stream = feed.open([] { return true; });
  ASSERT_TRUE(stream);
  EXPECT_EQ((*stream)->next(), "event: alarms\ndata: {\"version\":1}\n\n");
  EXPECT_EQ((*stream)->next(), "");
  version = 2;
  EXPECT_EQ((*stream)->next(), "event: alarms\ndata: {\"version\":2}\n\n");
}

}  // namespace
}  // namespace imprint::operator_api
