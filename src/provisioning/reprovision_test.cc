// SPDX-License-Identifier: Apache-2.0
#include "provisioning/reprovision.h"

#include "provisioning/first_use.h"
#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using registry::CertificateStatus;
using runtime::run_blocking;
using testing::HasSubstr;

TEST(Reprovision, FollowsTheSettingForADifferentKey) {
  enum class Old { never_used, used, deactivated };
  const struct {
    Reprovision setting;
    Old old;
    bool accepted;
    std::size_t active;
  } rows[] = {
      {Reprovision::same_key, Old::never_used, true, 1},
      {Reprovision::same_key, Old::used, false, 1},
      {Reprovision::same_key, Old::deactivated, false, 0},
      {Reprovision::replace, Old::never_used, true, 1},
      {Reprovision::replace, Old::used, true, 2},  // until the new one is used
      {Reprovision::replace, Old::deactivated, true, 1},
      {Reprovision::operator_decides, Old::used, false, 1},
      {Reprovision::operator_decides, Old::deactivated, true, 1},
      {Reprovision::never, Old::never_used, false, 1},
      {Reprovision::aws, Old::used, true, 2},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const auto& row = rows[i];
    World world;
    world.settings.set({.reprovision = row.setting, .key_algorithm = x509::KeyAlgorithm::ec_p256});
    const auto first = world.onboard(test::make_key(), "S");
    ASSERT_TRUE(first);
    if (row.old == Old::used) world.note_connected(first->certificate);
    if (row.old == Old::deactivated) {
      world.set_status(first->certificate, CertificateStatus::inactive);
    }
    const auto second = world.onboard(test::make_key(), "S");
    EXPECT_EQ(second.has_value(), row.accepted) << "row " << i;
    EXPECT_EQ(world.active_certificates_of("device-S").size(), row.active) << "row " << i;
    if (!second) {
      EXPECT_EQ(second.error().cause,
                row.old == Old::deactivated ? "ResourceConflicts"_cause : "DuplicateDevice"_cause);
      EXPECT_THAT(second.error().message, HasSubstr(first->certificate.hex()));
    }
    EXPECT_EQ(world.alarms_raised(), !second && row.old != Old::deactivated ? 1U : 0U)
        << "row " << i;
  }
}

TEST(Reprovision, RetiresTheOldCertificateWhenTheNewOneIsUsed) {
  World world;
  world.settings.set(
      {.reprovision = Reprovision::replace, .key_algorithm = x509::KeyAlgorithm::ec_p256});
  const auto first = world.onboard(test::make_key(), "S");
  world.note_connected(first->certificate);
  const auto second = world.onboard(test::make_key(), "S");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(world.certificate(second->certificate).replaces,
            std::vector<CertificateId>{first->certificate});
  ASSERT_TRUE(run_blocking(note_first_use(world.memory, second->certificate, world.clock.now())));
  const registry::Certificate old = world.certificate(first->certificate);
  EXPECT_EQ(old.status, CertificateStatus::inactive);
  EXPECT_EQ(old.replaced_by, second->certificate);
  EXPECT_EQ(world.active_certificates_of("device-S"),
            std::vector<CertificateId>{second->certificate});
  EXPECT_TRUE(
      world.all<registry::ThingPrincipal>(registry::query::ThingsOfPrincipal{first->certificate})
          .empty());
  EXPECT_FALSE(awaits_first_use(world.certificate(second->certificate)));
}

TEST(Reprovision, AThirdKeyReplacesOneThatWasNeverUsed) {
  World world;
  world.settings.set(
      {.reprovision = Reprovision::replace, .key_algorithm = x509::KeyAlgorithm::ec_p256});
  const auto first = world.onboard(test::make_key(), "S");
  world.note_connected(first->certificate);
  const auto lost = world.onboard(test::make_key(), "S");
  const auto third = world.onboard(test::make_key(), "S");
  ASSERT_TRUE(lost && third);
  EXPECT_EQ(world.certificate(lost->certificate).status, CertificateStatus::inactive);
  EXPECT_EQ(world.certificate(first->certificate).status, CertificateStatus::active);
  ASSERT_TRUE(run_blocking(note_first_use(world.memory, third->certificate, world.clock.now())));
  EXPECT_EQ(world.active_certificates_of("device-S"),
            std::vector<CertificateId>{third->certificate});
}

TEST(Reprovision, AnOperatorsPermissionIsUsedOnceAndExpires) {
  for (const bool is_late : {false, true}) {
    World world;
    const auto first = world.onboard(test::make_key(), "S");
    world.note_connected(first->certificate);
    registry::Thing thing = world.thing("device-S");
    thing.reprovision_until = world.clock.now() + std::chrono::hours(1);
    ++thing.version;
    world.put(thing);
    if (is_late) world.clock.advance(std::chrono::hours(2));
    const auto second = world.onboard(test::make_key(), "S");
    EXPECT_EQ(second.has_value(), !is_late);
    if (is_late) continue;
    EXPECT_FALSE(world.thing("device-S").reprovision_until);
    world.note_connected(second->certificate);
    EXPECT_FALSE(world.onboard(test::make_key(), "S")) << "the permission was used";
  }
}

TEST(Reprovision, RaisesOneAlarmForADeviceThatKeepsTrying) {
  World world;
  const auto first = world.onboard(test::make_key(), "S");
  world.note_connected(first->certificate);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.onboard(test::make_key(), "S"));
  EXPECT_EQ(world.alarms_raised(), 1U);
  world.clock.advance(alarms::PointAlarms::kQuietTime);
  EXPECT_FALSE(world.onboard(test::make_key(), "S"));
  EXPECT_EQ(world.alarms_raised(), 2U);
}

TEST(Reprovision, TheSameKeyMayAlwaysRegisterAgain) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S", "1.0.0");
  ASSERT_TRUE(first);
  world.note_connected(first->certificate);
  const auto second = world.onboard(key, "S", "2.0.0");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->certificate, first->certificate);
  EXPECT_EQ(world.thing("device-S").attributes.at("firmwareVersion"), "2.0.0") << "MERGE";
  EXPECT_EQ(world.active_certificates_of("device-S").size(), 1U);
}

TEST(Reprovision, ARevokedKeyStaysOut) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  world.set_status(first->certificate, CertificateStatus::revoked);
  const auto again = world.create(key);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().cause, "KeyRefused"_cause);
}

TEST(Reprovision, ARevokedKeyStaysOutThroughEveryClaim) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  ASSERT_TRUE(first);
  world.set_status(first->certificate, CertificateStatus::revoked);
  world.caller.certificate = CertificateId(Sha256{2});
  const auto again = world.create(key);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().cause, "KeyRefused"_cause);
}

TEST(Reprovision, RefusesAKeyRevokedConcurrently) {
  for (const bool is_registering : {false, true}) {
    World world;
    const auto key = test::make_key();
    std::string token;
    if (is_registering) token = world.create(key)->ownership_token.reveal();
    // The key is unknown when it is looked up.
    world.store.before_commit([&] {
      registry::Certificate revoked = World::claim(9);
      revoked.purpose = registry::CertificatePurpose::identity;
      revoked.public_key = key.public_key().sha256();
      revoked.status = CertificateStatus::revoked;
      world.put(revoked);
    });
    const auto code_of = [](const auto& result) {
      return result ? std::string_view("let in") : name_of(result.error().cause);
    };
    EXPECT_EQ(is_registering ? code_of(world.register_with(token, World::parameters("S")))
                             : code_of(world.create(key)),
              "KeyRefused")
        << is_registering;
    for (const registry::Certificate& one : world.device_certificates())
      EXPECT_NE(one.status, CertificateStatus::active);
    EXPECT_EQ(world.device_certificates().size(), is_registering ? 2U : 1U);
    EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  }
}

TEST(Reprovision, ADeactivatedDeviceCannotRegisterAgain) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  ASSERT_TRUE(first);
  world.set_status(first->certificate, CertificateStatus::inactive);
  const auto again = world.onboard(key, "S");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().cause, "ResourceConflicts"_cause);
  EXPECT_TRUE(world.active_certificates_of("device-S").empty());
}

TEST(Reprovision, ADeactivatedDeviceIsRefusedAfterItsThingIsDeleted) {
  for (const Reprovision rule : {Reprovision::same_key, Reprovision::replace, Reprovision::aws,
                                 Reprovision::operator_decides}) {
    World world;
    world.settings.set({.reprovision = rule, .key_algorithm = x509::KeyAlgorithm::ec_p256});
    const auto key = test::make_key();
    const auto first = world.onboard(key, "S");
    ASSERT_TRUE(first);
    world.set_status(first->certificate, CertificateStatus::inactive);
    const ThingName name = *ThingName::parse("device-S");
    world.erase(registry::principal_key(name, first->certificate));
    world.erase(registry::thing_key(name));
    const auto again = world.onboard(key, "S");
    ASSERT_FALSE(again) << static_cast<int>(rule);
    EXPECT_EQ(again.error().cause, "KeyRefused"_cause);
    EXPECT_THAT(again.error().message, HasSubstr("--new-status ACTIVE"));
  }
}

TEST(Reprovision, AnOperatorsPermissionLetsADeactivatedKeyIn) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S");
  world.set_status(first->certificate, CertificateStatus::inactive);
  registry::Thing thing = world.thing("device-S");
  thing.reprovision_until = world.clock.now() + std::chrono::hours(1);
  ++thing.version;
  world.put(thing);
  const auto again = world.onboard(key, "S");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NE(again->certificate, first->certificate);
}

TEST(Reprovision, ARepeatedSigningRequestDoesNotRegisterAgain) {
  World world;
  const auto key = test::make_key();
  const std::string csr = *x509::make_csr_pem(key, test::common_name("device"));
  const auto with_csr = [&](const std::string& firmware) {
    const auto created = run_blocking(world.create_certificate.from_csr(world.caller, csr));
    EXPECT_TRUE(created);
    return world.register_with(created->ownership_token.reveal(), World::parameters("S", firmware));
  };
  const auto first = with_csr("1.0.0");
  ASSERT_TRUE(first);
  world.note_connected(first->certificate);
  const auto repeated = with_csr("1.0.0");
  ASSERT_TRUE(repeated) << "the same registration gets the same answer";
  EXPECT_TRUE(repeated->repeated);
  const auto another = with_csr("6.6.6");
  ASSERT_FALSE(another) << "a repeated request does not prove possession of the key";
  EXPECT_EQ(another.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_EQ(world.thing("device-S").attributes.at("firmwareVersion"), "1.0.0");
  EXPECT_TRUE(world.onboard(key, "S", "2.0.0")) << "a new signing request proves it";
  EXPECT_FALSE(with_csr("6.6.6")) << "the first request is still remembered";
  registry::Thing thing = world.thing("device-S");
  thing.reprovision_until = world.clock.now() + std::chrono::hours(1);
  ++thing.version;
  world.put(thing);
  EXPECT_TRUE(with_csr("3.0.0")) << "an operator's permission suffices, too";
}

TEST(Reprovision, RemembersABoundedNumberOfRequests) {
  World world;
  const auto key = test::make_key();
  const auto first = world.onboard(key, "S", "1.0.0");
  ASSERT_TRUE(first);
  for (int i = 0; i < 80; ++i) ASSERT_TRUE(world.create(key)) << i;
  EXPECT_EQ(world.certificate(first->certificate).requests.size(), 64U);
  EXPECT_TRUE(world.onboard(key, "S", "2.0.0")) << "the holder of the key can continue";
}

}  // namespace
}  // namespace imprint::provisioning
