// SPDX-License-Identifier: Apache-2.0
#include "provisioning/claim_guard.h"

#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using registry::CertificateStatus;
using runtime::run_blocking;
using test::at_once;
using test::mission_template;
using testing::HasSubstr;

TEST(Claims, AreLimitedToTheirTemplateAndNumberOfDevices) {
  World world;
  world.add_template("Other", mission_template());
  world.give(1, {.templates = {*TemplateName::parse("T")}, .max_devices = 2});
  const auto elsewhere = world.create(test::make_key());
  const auto wrong =
      world.register_with(elsewhere->ownership_token.reveal(), World::parameters("W"), "Other");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().cause, "ClaimRefused"_cause);
  const auto key = test::make_key();
  EXPECT_TRUE(world.onboard(key, "1"));
  EXPECT_TRUE(world.onboard(key, "1", "2.0.0")) << "the same device again does not count";
  EXPECT_TRUE(world.onboard(test::make_key(), "2"));
  const auto third = world.onboard(test::make_key(), "3");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().cause, "ClaimRefused"_cause);
  EXPECT_THAT(third.error().message, HasSubstr("no more devices"));
}

TEST(Claims, EndWithTheirCertificate) {
  World world;
  const auto key = test::make_key();
  const auto waiting = world.create(key);
  registry::Certificate ending = world.certificate(world.caller.certificate);
  ending.not_after = world.clock.now() + std::chrono::minutes(5);
  ++ending.version;
  world.put(ending);
  EXPECT_TRUE(world.create(test::make_key()));
  world.clock.advance(std::chrono::minutes(6));
  const auto late = world.create(test::make_key());
  ASSERT_FALSE(late) << "the connection is still open";
  EXPECT_EQ(late.error().cause, "ClaimRefused"_cause);
  EXPECT_THAT(late.error().message, HasSubstr("has expired"));
  EXPECT_FALSE(run_blocking(world.create_certificate.with_keys(world.caller)));
  EXPECT_FALSE(world.create(key)) << "not even for a certificate created before";
  EXPECT_FALSE(world.register_with(waiting->ownership_token.reveal(), World::parameters("S")));
}

TEST(Claims, OneKeyIsOneDevice) {
  World world;
  world.give(1, {.max_devices = 1});
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "1"));
  const auto second = world.onboard(key, "2");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().cause, "KeyOfAnotherThing"_cause);
  EXPECT_THAT(second.error().message, HasSubstr("device-1"));
  const auto other = world.create(test::make_key());
  ASSERT_FALSE(other) << "a claim that is used up gets no more certificates";
  EXPECT_EQ(other.error().cause, "ClaimRefused"_cause);
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U);
}

/// A claim for at most ten devices.
struct TenDevices : World {
  TenDevices() { give(1, {.max_devices = 10}); }
  registry::Certificate own() { return certificate(caller.certificate); }
  std::int64_t devices() {
    return run_blocking(
               registry::get(memory, registry::counter_key(devices_counter(caller.certificate))))
        ->value;
  }
};

TEST(Claims, FreezeOnceWithOneAlarmWhenTheyAreUsedUp) {
  TenDevices world;
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "1"));
  for (int i = 2; i <= 10; ++i) ASSERT_TRUE(world.onboard(test::make_key(), std::to_string(i)));
  EXPECT_EQ(world.own().status, CertificateStatus::active) << "nobody has exceeded the limit yet";
  EXPECT_TRUE(world.onboard(key, "1", "2.0.0")) << "a known device is not counted again";
  EXPECT_FALSE(world.own().frozen);

  const auto more = world.create(test::make_key());
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().cause, "ClaimRefused"_cause);
  EXPECT_THAT(more.error().message, HasSubstr("10 of 10 are registered (rule max-devices)"));
  EXPECT_EQ(world.own().status, CertificateStatus::inactive);
  ASSERT_TRUE(world.own().frozen);
  EXPECT_THAT(world.own().frozen->because, HasSubstr("10 of 10"));
  const auto alarms = world.alarms_of(alarms::Kind::claim_frozen);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].certificate, world.caller.certificate.hex());
  EXPECT_EQ(alarms[0].client, "factory-1");
  EXPECT_THAT(alarms[0].detail, HasSubstr("\"claim\":true"));

  const auto later = world.create(test::make_key());
  ASSERT_FALSE(later);
  EXPECT_THAT(later.error().message, HasSubstr("has been frozen since"));
  EXPECT_EQ(world.alarms_of(alarms::Kind::claim_frozen).size(), 1U);
}

TEST(Claims, OfTenDevicesRegisterTenOfManyConcurrentDevices) {
  TenDevices world;
  std::vector<std::string> tokens;
  for (int i = 0; i < 25; ++i)
    tokens.push_back(world.create(test::make_key())->ownership_token.reveal());
  std::atomic<int> registered = 0;
  std::atomic<int> denied = 0;
  at_once(25, [&](int i) {
    const auto done = world.register_with(tokens[static_cast<std::size_t>(i)],
                                          World::parameters("S" + std::to_string(i)));
    if (done) {
      ++registered;
    } else if (done.error().cause == "ClaimRefused"_cause) {
      ++denied;
    }
  });
  EXPECT_EQ(registered, 10);
  EXPECT_EQ(denied, 15);
  EXPECT_EQ(world.devices(), 10);
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 10U);
  ASSERT_TRUE(world.own().frozen);
  EXPECT_EQ(world.alarms_of(alarms::Kind::claim_frozen).size(), 1U);
}

TEST(Claims, CountDevicesRegisteredBeforeTheyHadABudget) {
  TenDevices world;
  world.give(1, {});
  ASSERT_TRUE(world.onboard(test::make_key(), "1"));
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  EXPECT_EQ(world.devices(), 2);
  world.give(1, {.max_devices = 2});
  EXPECT_FALSE(world.onboard(test::make_key(), "3"));
  EXPECT_TRUE(world.own().frozen);
}

TEST(Claims, FreezeForASerialNumberOfAnotherBatch) {
  TenDevices world;
  world.give(1, {.serials = registry::SerialRange{"A1", "A5"}});
  ASSERT_TRUE(world.onboard(test::make_key(), "A5"));
  const auto other = world.onboard(test::make_key(), "A6");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().cause, "ClaimRefused"_cause);
  EXPECT_EQ(world.alarms_of(alarms::Kind::claim_frozen).at(0).serial_number, "A6");
  EXPECT_FALSE(world.onboard(test::make_key(), "A4")) << "it is frozen for all devices";
}

TEST(Claims, LearnTheirNetworksFromTheirFirstDevices) {
  TenDevices world;
  world.give(1, {.learning_devices = 2});
  world.caller.source_ip = "10.0.0.1";
  ASSERT_TRUE(world.onboard(test::make_key(), "1"));
  world.caller.source_ip = "10.0.9.1";
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  EXPECT_EQ(world.own().claim_networks.size(), 2U);
  world.caller.source_ip = "10.0.0.200";
  EXPECT_TRUE(world.onboard(test::make_key(), "3")) << "the same site";
  world.caller.source_ip = "10.0.5.1";
  EXPECT_FALSE(world.create(test::make_key()));
  ASSERT_TRUE(world.own().frozen);
  EXPECT_THAT(world.own().frozen->because, HasSubstr("10.0.0.0/24, 10.0.9.0/24"));
}

TEST(Claims, FromANewPlaceRaiseOneAlarmAndStayInService) {
  TenDevices world;
  world.settings.set({.key_algorithm = x509::KeyAlgorithm::ec_p256,
                      .new_places = {.after_devices = 2, .most_places = 2}});
  world.give(1, {});
  world.caller.source_ip = "10.0.0.1";
  for (const char* serial : {"1", "2"}) ASSERT_TRUE(world.onboard(test::make_key(), serial));
  world.caller.source_ip = "10.0.0.2";
  ASSERT_TRUE(world.onboard(test::make_key(), "3")) << "the same site";
  EXPECT_TRUE(world.alarms_of(alarms::Kind::claim_new_place).empty());
  world.caller.source_ip = "10.9.9.9";
  for (const char* serial : {"4", "5"}) ASSERT_TRUE(world.onboard(test::make_key(), serial));
  const auto alarms = world.alarms_of(alarms::Kind::claim_new_place);
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].certificate, world.own().id.hex());
  EXPECT_THAT(alarms[0].detail, HasSubstr("10.9.9.0/24"));
  EXPECT_FALSE(world.own().frozen);
}

TEST(Claims, LearnANetworkOnceFromConcurrentDevices) {
  TenDevices world;
  world.give(1, {.learning_devices = 5});
  world.caller.source_ip = "10.0.0.1";
  at_once(4, [&](int) { EXPECT_TRUE(world.create(test::make_key())); });
  EXPECT_EQ(world.own().claim_networks.size(), 1U);
}

TEST(Claims, AreSlowedDownByTheirRateAndStayInService) {
  TenDevices world;
  world.give(1, {.rate = registry::Rate{2, Seconds(60)}});
  const auto waiting = world.create(test::make_key());
  ASSERT_TRUE(world.onboard(test::make_key(), "1"));
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  const auto third = world.create(test::make_key());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().fault, Fault::exhausted);
  EXPECT_EQ(third.error().cause, "Throttled"_cause);
  const std::string token = waiting->ownership_token.reveal();
  EXPECT_EQ(world.register_with(token, World::parameters("3")).error().cause, "Throttled"_cause);
  EXPECT_FALSE(world.own().frozen);
  world.clock.advance(Seconds(60));
  EXPECT_TRUE(world.register_with(token, World::parameters("3")));
}

TEST(Claims, CountADeviceOnceIfItsAnswerWasLost) {
  TenDevices world;
  world.give(1, {.max_devices = 3});
  for (int i = 0; i < 3; ++i) {
    const auto again = world.onboard(test::make_key(), "same");
    ASSERT_TRUE(again) << i << ": " << again.error().message;
  }
  EXPECT_TRUE(world.onboard(test::make_key(), "second"));
  EXPECT_TRUE(world.onboard(test::make_key(), "third"));
  EXPECT_FALSE(world.own().frozen);
}

TEST(Claims, CheckTheSerialParameterOfTheTemplate) {
  TenDevices world;
  world.give(1, {.serials = registry::SerialRange{"A1", "A5"}});
  auto record =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  record.settings["serial-parameter"] = "FirmwareVersion";
  ++record.version;
  world.put(record);
  ASSERT_TRUE(world.onboard(test::make_key(), "X9", "A2"));
  EXPECT_FALSE(world.onboard(test::make_key(), "A2", "X9"));
  EXPECT_TRUE(world.own().frozen);
}

TEST(Claims, RecordTheSerialOfARefusedUnitFromAnyParameter) {
  TenDevices world;
  auto record =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  record.settings["serial-parameter"] = "FirmwareVersion";
  record.settings["parameter.FirmwareVersion.pattern"] = "A.*";
  ++record.version;
  world.put(record);
  const auto created = world.create(test::make_key());
  const auto outcome =
      world.ask_to_register(created->ownership_token.reveal(), World::parameters("S1", "X9"), "T");
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.serial_number, "X9");
}

TEST(Claims, AreFrozenByTheNextUseIfAFreezeIsNotStored) {
  TenDevices world;
  world.give(1, {.serials = registry::SerialRange{"A1", "A5"}});
  const auto created = world.create(test::make_key());
  const std::string token = created->ownership_token.reveal();
  // token, template, its version, claim, freeze
  world.store.fail_call(5, test::FaultyStore::When::before);
  EXPECT_EQ(world.register_with(token, World::parameters("B1")).error().cause,
            "ClaimRefused"_cause);
  EXPECT_FALSE(world.own().frozen);
  EXPECT_TRUE(world.store.has_failed());
  EXPECT_EQ(world.register_with(token, World::parameters("B1")).error().cause,
            "ClaimRefused"_cause);
  EXPECT_TRUE(world.own().frozen) << "the next use freezes it";
}

}  // namespace
}  // namespace imprint::provisioning
