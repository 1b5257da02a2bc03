// SPDX-License-Identifier: Apache-2.0
// Both hooks, as just-in-time provisioning asks them.
#include "outcome/causes.h"
#include "provisioning/outside_certificate.h"
#include "test/support/just_in_time_world.h"
#include "test/support/twin.h"

namespace imprint::provisioning {
namespace {

using World = test::JustInTimeWorld;
using registry::CertificateStatus;

/// A CA with a stored template that asks a hook, as its setting `jitp-hook` says.
struct GuardedCaWorld : World {
  GuardedCaWorld() {
    const TemplateName name = *TemplateName::parse("Jitp");
    std::string body = test::jitp_template("DevicePolicy");
    body.replace(body.find("\"Parameters\": {"), 15,
                 R"("Parameters": {"Room": {"Type": "String", "Default": "none"}, )");
    body.replace(body.find("\"ThingName\""), 11,
                 R"("AttributePayload": {"room": {"Ref": "Room"}}, "ThingName")");
    put(registry::ProvisioningTemplate{.name = name,
                                       .type = registry::TemplateType::jitp,
                                       .enabled = true,
                                       .settings = {{"jitp-hook", "arn:hook"}}});
    put(registry::ProvisioningTemplateVersion{name, 1, body});
    set_ca([&](registry::CaCertificate& record) {
      record.registration = registry::RegistrationConfig{.template_name = name};
    });
  }
};

TEST(PreProvisioningHookOfJitp, AllowsAndSetsParameters) {
  GuardedCaWorld world;
  world.hooks.answer(R"({"allowProvisioning": true, "parameterOverrides": {"Room": "a-1",
    "AWS::IoT::Certificate::CommonName": "somebody-else"}})");
  const auto introduced = world.connect(world.device("sensor-1"));
  ASSERT_TRUE(introduced && !introduced->failure);
  const auto things = world.all<registry::Thing>(registry::query::Things{});
  ASSERT_EQ(things.size(), 1U);
  EXPECT_EQ(things[0].name.str(), "sensor-1");
  EXPECT_EQ(things[0].attributes.at("room"), "a-1");
  ASSERT_EQ(world.hooks.asked.size(), 1U);
  const auto event = encoding::parse_json(world.hooks.asked[0].second)->as_object();
  EXPECT_EQ(event.at("parameters").as_object().at("AWS::IoT::Certificate::CommonName").as_string(),
            "sensor-1");
  EXPECT_EQ(event.at("templateArn").as_string(), "arn:aws:iot:r:a:provisioningtemplate/Jitp");
  EXPECT_EQ(introduced->hook->outcome, "ok");
}

TEST(PreProvisioningHookOfJitp, KeepsOutWhomItDoesNotAllow) {
  for (const bool is_denied : {true, false}) {
    GuardedCaWorld world;
    world.hooks.answer(is_denied ? R"({"allowProvisioning": false})" : "rubbish");
    const test::Identity device = world.device("sensor-1");
    const auto refused = world.connect(device);
    ASSERT_TRUE(refused && refused->failure);
    EXPECT_EQ(refused->failure->cause, is_denied ? "HookDenied"_cause : "HookFailed"_cause);
    EXPECT_EQ(refused->hook->outcome, is_denied ? "denied" : "failed");
    EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
    world.hooks.answer(R"({"allowProvisioning": true})");
    ASSERT_TRUE(world.connect(device));
    EXPECT_EQ(world.status(device), CertificateStatus::active) << "the next connection asks again";
  }
}

TEST(PreProvisioningHookOfJitp, IsAskedForADeviceOfItsCa) {
  GuardedCaWorld world;
  world.hooks.answer(R"({"allowProvisioning": true})");
  const test::Identity device = world.device("sensor-1");
  ASSERT_TRUE(world.connect(device));
  ASSERT_EQ(world.hooks.askers.size(), 1U);
  EXPECT_EQ(world.hooks.askers[0].payer, device.certificate.id().hex());
  EXPECT_EQ(world.hooks.askers[0].group, world.ca.certificate.id().hex());
}

TEST(PreProvisioningHookOfJitp, IsAskedOnceHoweverOftenOthersAreFaster) {
  GuardedCaWorld world;
  world.hooks.answer(R"({"allowProvisioning": true})");
  const test::Identity device = world.device("sensor-1");
  world.store.before_commit(
      [&] { world.put(registry::Thing{.name = *ThingName::parse("sensor-1"), .id = "i"}); });
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced && !introduced->failure);
  EXPECT_EQ(world.hooks.asked.size(), 1U);
}

TEST(PreProvisioningHookOfJitp, StillRefusesAfterALostRace) {
  GuardedCaWorld world;
  world.hooks.answer(R"({"allowProvisioning": false})");
  const test::Identity device = world.device("sensor-1");
  world.hooks.while_asked = [&] {
    registry::Certificate rival =
        certificate_record(device.certificate, world.random, world.clock.now());
    rival.status = CertificateStatus::pending_activation;
    rival.ca_certificate = world.ca.certificate.id();
    world.put(std::move(rival));
  };
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced) << introduced.error().message;
  EXPECT_TRUE(introduced->failure);
  EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
  EXPECT_EQ(world.hooks.asked.size(), 1U);
}

/// A CA without a template, whose devices a hook decides about.
struct HookWorld : World {
  HookWorld() {
    set_ca([](registry::CaCertificate& record) { record.registration.reset(); });
    hooks.only_for = "arn:aws:iot:r:a:cacert/" + ca.certificate.id().hex();
  }
};

TEST(ActivationHook, ActivatesWithAThingAndPolicies) {
  HookWorld world;
  world.put(registry::ThingGroup{.name = *ThingGroupName::parse("line-4"), .id = "g"});
  world.hooks.answer(R"({"action": "activate", "policies": ["DevicePolicy"],
    "thing": {"thingName": "d-1", "attributes": {"room": "a"}, "thingGroups": ["line-4"]}})");
  const test::Identity device = world.device("sensor-1");
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced && !introduced->failure);
  EXPECT_EQ(introduced->status, CertificateStatus::active);
  EXPECT_EQ(world.status(device), CertificateStatus::active);
  const auto things = world.all<registry::Thing>(registry::query::Things{});
  ASSERT_EQ(things.size(), 1U);
  EXPECT_EQ(things[0].name.str(), "d-1");
  EXPECT_EQ(things[0].attributes.at("room"), "a");
  EXPECT_EQ(
      world.all<registry::GroupMembership>(registry::query::GroupsOfThing{things[0].name}).size(),
      1U);
  const auto event = encoding::parse_json(world.hooks.asked.at(0).second)->as_object();
  EXPECT_EQ(event.at("certificateId").as_string(), device.certificate.id().hex());
  EXPECT_EQ(event.at("caCertificateId").as_string(), world.ca.certificate.id().hex());
  EXPECT_EQ(event.at("certificateStatus").as_string(), "PENDING_ACTIVATION");
  EXPECT_EQ(event.at("clientId").as_string(), "c");
  ASSERT_TRUE(introduced->hook);
  EXPECT_EQ(introduced->hook->outcome, "ok");
}

TEST(ActivationHook, RejectsForGoodOrLeavesPending) {
  HookWorld world;
  world.hooks.answer(R"({"action": "pending"})");
  const test::Identity device = world.device("sensor-1");
  ASSERT_TRUE(world.connect(device));
  EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
  world.hooks.answer(R"({"action": "reject"})");
  const auto rejected = world.connect(device);
  ASSERT_TRUE(rejected);
  EXPECT_EQ(rejected->hook->outcome, "denied");
  EXPECT_EQ(world.status(device), CertificateStatus::revoked);
  ASSERT_TRUE(world.connect(device));
  EXPECT_EQ(world.hooks.asked.size(), 2U) << "what is decided is not asked again";
}

TEST(ActivationHook, RejectsATwinThatCameMeanwhileToo) {
  HookWorld world;
  world.hooks.answer(R"({"action": "reject"})");
  const test::Identity device = world.device("sensor-1");
  const x509::Certificate twin = test::twin_of(device.certificate);
  world.hooks.while_asked = [&] {
    world.store.before_commit([&] {
      registry::Certificate record = certificate_record(twin, world.random, world.clock.now());
      record.status = CertificateStatus::active;
      world.put(std::move(record));
    });
    world.hooks.while_asked = [] {};
  };
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced) << introduced.error().message;
  EXPECT_EQ(introduced->status, CertificateStatus::revoked);
  for (const auto& known : world.all<registry::Certificate>(registry::query::Certificates{}))
    EXPECT_EQ(known.status, CertificateStatus::revoked) << known.id.hex();
}

TEST(ActivationHook, ChangesNothingWhenItsAnswerIsOfNoUse) {
  const char* answers[] = {
      "[]",
      "{}",
      "true",
      R"({"action": "ACTIVATE"})",
      R"({"action": 1})",
      R"({"action": "activate", "policy": ["DevicePolicy"]})",
      R"({"action": "activate", "policies": "DevicePolicy"})",
      R"({"action": "activate", "policies": [1]})",
      R"({"action": "activate", "policies": ["a b"]})",
      R"({"action": "activate", "policies": ["a","b","c","d","e","f","g","h","i","j","k"]})",
      R"({"action": "activate", "thing": {}})",
      R"({"action": "activate", "thing": {"thingName": "a/b"}})",
      R"({"action": "activate", "thing": {"thingName": "a", "groups": []}})",
      R"({"action": "activate", "thing": {"thingName": "a", "attributes": {"x": 1}}})",
      R"({"action": "activate", "thing": {"thingName": "a", "attributes": {"x": "a b"}}})",
      R"({"action": "reject", "policies": ["DevicePolicy"]})",
      R"({"action": "pending", "thing": {"thingName": "a"}})"};
  for (const char* answer : answers) {
    HookWorld world;
    world.hooks.answer(answer);
    const test::Identity device = world.device("sensor-1");
    const auto introduced = world.connect(device);
    ASSERT_TRUE(introduced && introduced->hook) << answer;
    EXPECT_EQ(introduced->hook->outcome, "failed") << answer;
    EXPECT_EQ(world.status(device), CertificateStatus::pending_activation) << answer;
    EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty()) << answer;
  }
}

TEST(ActivationHook, IsRecordedOnlyInShadow) {
  HookWorld world;
  world.hooks.answer(R"({"action": "reject"})");
  world.hooks.reply.shadow = true;
  const test::Identity device = world.device("sensor-1");
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced && introduced->hook);
  EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
}

TEST(ActivationHook, IsNotAskedForCasThatNoHookNames) {
  HookWorld world;
  world.hooks.only_for = "arn:aws:iot:r:a:cacert/" + std::string(64, '0');
  ASSERT_TRUE(world.connect(world.device("sensor-1")));
  EXPECT_TRUE(world.hooks.asked.empty());
}

TEST(ActivationHook, ANamedPolicyThatIsMissingIsAFailureAndTriedAgain) {
  HookWorld world;
  world.hooks.answer(R"({"action": "activate", "policies": ["Missing"]})");
  const test::Identity device = world.device("sensor-1");
  const auto failed = world.connect(device);
  ASSERT_TRUE(failed && failed->failure);
  EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
  world.put(registry::Policy{.name = *PolicyName::parse("Missing")});
  ASSERT_TRUE(world.connect(device));
  EXPECT_EQ(world.status(device), CertificateStatus::active);
}

TEST(ActivationHook, IsRecordedWhenItsDecisionCannotBeCarriedOut) {
  HookWorld world;
  world.hooks.answer(R"({"action": "activate", "policies": ["DevicePolicy"]})");
  const test::Identity device = world.device("sensor-1");
  world.hooks.while_asked = [&] {
    registry::Certificate twin =
        certificate_record(test::twin_of(device.certificate), world.random, world.clock.now());
    twin.status = CertificateStatus::inactive;
    twin.deactivated = world.clock.now();
    world.put(std::move(twin));
  };
  const auto introduced = world.connect(device);
  ASSERT_TRUE(introduced) << introduced.error().message;
  ASSERT_TRUE(introduced->failure);
  EXPECT_EQ(introduced->failure->cause, "KeyRefused"_cause);
  EXPECT_TRUE(introduced->hook);
  EXPECT_EQ(world.status(device), CertificateStatus::pending_activation);
}

}  // namespace
}  // namespace imprint::provisioning
