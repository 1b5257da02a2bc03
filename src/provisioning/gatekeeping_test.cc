// SPDX-License-Identifier: Apache-2.0
// Registrations through a template with gatekeeper settings.
#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using runtime::run_blocking;
using testing::HasSubstr;

TEST(Gatekeeping, AdmitsListedUnitsWithTheListsValues) {
  World world;
  world.set_up_list({{"allowlist", "line-a"}, {"override.FirmwareVersion", "column:firmware"}});
  const auto refused = world.onboard(test::make_key(), "B1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, "NotListed"_cause);
  EXPECT_THAT(refused.error().rule, HasSubstr("line-a has no serial"));
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "A1"));
  EXPECT_EQ(world.thing("device-A1").attributes.at("firmwareVersion"), "9");
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U);
  const auto events = world.all<registry::AuditEvent>(registry::query::AuditEvents{});
  EXPECT_THAT(events.back().detail, HasSubstr(R"("list":"line-a","overridden":{"Firmware)"));
}

TEST(Gatekeeping, RefusesAUnitRemovedFromTheListConcurrently) {
  World world;
  world.set_up_list({{"allowlist", "line-a"}});
  const auto created = world.create(test::make_key());
  ASSERT_TRUE(created);
  world.store.before_commit(
      [&] { world.erase(registry::list_entry_key(*ListName::parse("line-a"), "A1")); });
  const auto registered =
      world.register_with(created->ownership_token.reveal(), World::parameters("A1"));
  ASSERT_FALSE(registered);
  EXPECT_THAT(registered.error().rule, HasSubstr("has no serial"));
}

TEST(Gatekeeping, RepeatsAnEarlierAnswer) {
  World world;
  world.set_up_list({{"allowlist", "line-a"}});
  const auto created = world.create(test::make_key());
  const std::string token = created->ownership_token.reveal();
  ASSERT_TRUE(world.register_with(token, World::parameters("A1")));
  world.erase(registry::list_entry_key(*ListName::parse("line-a"), "A1"));
  const auto again = world.register_with(token, World::parameters("A1"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->repeated);
}

TEST(Gatekeeping, AppliesTheDeploymentsListToTemplatesWithoutNone) {
  World world;
  world.settings.set(
      {.key_algorithm = x509::KeyAlgorithm::ec_p256, .rules = {.allowlist = "nobodys"}});
  const auto refused = world.onboard(test::make_key(), "A1");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().rule, HasSubstr("no such manufacturing list"));
  world.set_up_list({{"allowlist", "none"}});
  EXPECT_TRUE(world.onboard(test::make_key(), "A1"));
}

TEST(TemplatesOwnSettings, LimitTheFleetAndReprovisioning) {
  World world;
  world.set_up_list({{"fleet-limit", "1"}, {"reprovision", "never"}});
  ASSERT_TRUE(world.onboard(test::make_key(), "A1"));
  const auto again = world.onboard(test::make_key(), "A1");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("reprovision = never"));
  const auto another = world.onboard(test::make_key(), "A2");
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().cause, "LimitReached"_cause);
}

TEST(TemplatesOwnSettings, MakeTheKeysAndCertificatesOfItsClaims) {
  World world;
  world.set_up_list({{"certificate-validity", "30d"}});
  world.settings.set({.key_algorithm = x509::KeyAlgorithm::ec_p256,
                      .certificate_validity = std::chrono::hours(24 * 3650)});
  const auto life = [&](const CreatedCertificate& created) {
    return world.certificate(created.id).not_after - world.clock.now();
  };
  const auto usual = world.create(test::make_key());
  world.give(1, {.templates = {*TemplateName::parse("T")}});
  const auto shorter = run_blocking(world.create_certificate.with_keys(world.caller));
  ASSERT_TRUE(usual && shorter) << shorter.error().message;
  EXPECT_EQ(life(*shorter), std::chrono::hours(24 * 30));
  EXPECT_GT(life(*usual), std::chrono::hours(24 * 60));
  EXPECT_THAT(shorter->private_key.reveal(), HasSubstr("EC PRIVATE KEY"));
}

}  // namespace
}  // namespace imprint::provisioning
