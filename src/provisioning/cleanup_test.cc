// SPDX-License-Identifier: Apache-2.0
#include "provisioning/cleanup.h"

#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using runtime::run_blocking;
using test::kKeepAll;
using testing::HasSubstr;

TEST(Cleanup, KeepsALimitedNumberOfAuditEvents) {
  World world;
  for (int i = 0; i < 7; ++i) {
    registry::ChangeSet changes;
    changes.events.push_back({.step = fmt::format("step-{}", i), .outcome = "ok"});
    ASSERT_TRUE(run_blocking(world.memory.commit(std::move(changes))));
  }
  EXPECT_EQ(run_blocking(clean_up(world.memory, world.clock, 3))->events, 4);
  const auto kept = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept.front().step, "step-4");
  EXPECT_EQ(run_blocking(clean_up(world.memory, world.clock, 3))->events, 0);
}

TEST(Cleanup, KeepsAuditEventsThatAreNotArchived) {
  World world;
  registry::ChangeSet changes;
  for (int i = 0; i < 7; ++i) changes.events.push_back({.step = "connect", .outcome = "ok"});
  ASSERT_TRUE(run_blocking(world.memory.commit(std::move(changes))));
  EXPECT_EQ(run_blocking(clean_up(world.memory, world.clock, 3, 0))->events, 0);
  EXPECT_EQ(run_blocking(clean_up(world.memory, world.clock, 3, 2))->events, 2);
  EXPECT_EQ(run_blocking(clean_up(world.memory, world.clock, 3, 7))->events, 2);
}

TEST(Cleanup, TokensExpireAfterAnHourAndTheirCertificatesAreRemoved) {
  World world;
  const auto lost = world.create(test::make_key());
  const auto kept = world.onboard(test::make_key(), "S");
  ASSERT_TRUE(lost && kept);
  world.clock.advance(std::chrono::minutes(61));
  const auto late = world.register_with(lost->ownership_token.reveal(), World::parameters("L"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_THAT(late.error().message, HasSubstr("expired"));
  const auto cleaned = run_blocking(clean_up(world.memory, world.clock, kKeepAll));
  ASSERT_TRUE(cleaned);
  EXPECT_EQ(cleaned->certificates, 1U);
  const auto left = world.device_certificates();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, kept->certificate);
}

TEST(Cleanup, KeepsACertificateThatAnOperatorHasAttached) {
  World world;
  const auto created = world.create(test::make_key());
  world.put(registry::PolicyAttachment{*PolicyName::parse("FleetDevicePolicy"),
                                       registry::PolicyTarget(created->id)});
  world.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(run_blocking(clean_up(world.memory, world.clock, kKeepAll))->certificates, 0U);
}

TEST(Cleanup, RecordsIntentsWhoseCertificateWasNeverStored) {
  World world;
  world.store.fail_call(5, test::FaultyStore::When::before);  // lists, claim, intent, certificate
  EXPECT_FALSE(world.create(test::make_key()));
  world.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(run_blocking(clean_up(world.memory, world.clock, kKeepAll))->intents, 1U);
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].step, "certificate_never_arrived");
}

}  // namespace
}  // namespace imprint::provisioning
