// SPDX-License-Identifier: Apache-2.0
#include "provisioning/pre_provisioning_hook.h"

#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using registry::CertificateStatus;
using testing::HasSubstr;

/// The template of ProvisioningWorld, with a hook.
struct GuardedWorld : World {
  static constexpr std::string_view kArn = "arn:aws:lambda:us-east-1:000000000000:function:pre";
  GuardedWorld() { guard(); }

  void guard() {
    put(registry::ProvisioningTemplate{
        .name = *TemplateName::parse("T"),
        .enabled = true,
        .hook = registry::ProvisioningHook{"2020-04-01", std::string(kArn)}});
  }
  RegisterThingOutcome onboard_asking(const std::string& serial) {
    created = *create(key);
    return ask_to_register(created->ownership_token.reveal(), parameters(serial));
  }
  std::vector<registry::AuditEvent> steps(const std::string& step) {
    auto found = all<registry::AuditEvent>(registry::query::AuditEvents{});
    std::erase_if(found, [&](const auto& event) { return event.step != step; });
    return found;
  }

  const x509::PrivateKey key = test::make_key();
  std::optional<CreatedCertificate> created;
};

TEST(PreProvisioningHook, IsCalledWithTheDocumentedEvent) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true})");
  ASSERT_TRUE(world.onboard_asking("1").result);
  ASSERT_EQ(world.hooks.asked.size(), 1U);
  EXPECT_EQ(world.hooks.asked[0].first, GuardedWorld::kArn);
  encoding::json::object expected{
      {"claimCertificateId", world.caller.certificate.hex()},
      {"certificateId", world.created->id.hex()},
      {"certificatePem", world.created->pem},
      {"templateArn", "arn:aws:iot:us-east-1:000000000000:provisioningtemplate/T"},
      {"clientId", "factory-1"},
      {"parameters", {{"FirmwareVersion", "1.0.0"}, {"SerialNumber", "1"}}}};
  EXPECT_EQ(world.hooks.asked[0].second, encoding::to_json(expected));
  EXPECT_EQ(world.hooks.asked[0].second.find("PRIVATE"), std::string::npos);
}

TEST(PreProvisioningHook, AdmitsOnlyByAllowingAndKeepsItsAnswerFromTheDevice) {
  using Kind = hooks::Reply::Kind;
  const struct {
    hooks::Reply reply;
    Fault fault;
    Cause cause;
  } rows[] = {
      {hooks::read_answer(R"({"allowProvisioning":false,"why":"secret"})"), Fault::forbidden,
       "HookDenied"_cause},
      {hooks::read_answer(R"({"errorType":"Error","errorMessage":"secret"})"), Fault::forbidden,
       "HookDenied"_cause},
      {hooks::read_answer("secret"), Fault::unavailable, "HookFailed"_cause},
      {{.kind = Kind::failed, .because = "secret"}, Fault::unavailable, "HookFailed"_cause},
      {{.kind = Kind::timed_out, .because = "secret"}, Fault::unavailable, "HookTimedOut"_cause},
      {hooks::read_answer(R"({"allowProvisioning":true,"parameterOverrides":{"SerialNumber":1}})"),
       Fault::unavailable, "HookFailed"_cause},
  };
  GuardedWorld world;
  for (const auto& row : rows) {
    world.hooks.reply = row.reply;
    const auto outcome = world.onboard_asking("1");
    ASSERT_FALSE(outcome.result);
    EXPECT_EQ(outcome.result.error().cause, row.cause);
    EXPECT_EQ(outcome.result.error().fault, row.fault);
    EXPECT_EQ(describe(outcome.result.error()).find("secret"), std::string::npos);
    ASSERT_TRUE(outcome.hook);
    EXPECT_TRUE(outcome.hook->refuses());
    EXPECT_FALSE(outcome.hook->verdict.because.empty());
    EXPECT_EQ(world.certificate(world.created->id).status, CertificateStatus::pending_activation);
  }
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  EXPECT_TRUE(world.steps("hook").empty()) << "the caller records it with the answer";
  world.hooks.answer(R"({"allowProvisioning":true})");
  EXPECT_TRUE(world.onboard_asking("1").result) << "the same key may try again";
}

TEST(PreProvisioningHook, OverridesReplaceAndAddDeclaredParameters) {
  GuardedWorld world;
  world.hooks.answer(
      R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9","Region":"eu",
          "AWS::IoT::Certificate::Id":"0000"}})");
  world.created = *world.create(world.key);
  const std::string token = world.created->ownership_token.reveal();
  const auto outcome = world.ask_to_register(token, {{"SerialNumber", "1"}});
  ASSERT_TRUE(outcome.result) << describe(outcome.result.error());
  EXPECT_EQ(world.thing("device-1").attributes.at("firmwareVersion"), "9");
  EXPECT_THAT(outcome.hook->undeclared,
              testing::ElementsAre("AWS::IoT::Certificate::Id", "Region"));
  const auto events = world.steps("hook");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].outcome, "ok");
  EXPECT_THAT(events[0].detail,
              AllOf(HasSubstr(R"("overrides":["FirmwareVersion"])"),
                    HasSubstr(R"("undeclared":["AWS::IoT::Certificate::Id","Region"])")));
  EXPECT_EQ(events[0].serial_number, "1");
  EXPECT_LT(events[0].sequence, world.steps("register_thing")[0].sequence);
}

TEST(PreProvisioningHook, OverridesAreCheckedLikeADevicesOwnParameters) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"SerialNumber":"a b"}})");
  const auto blamed = world.onboard_asking("1");
  ASSERT_FALSE(blamed.result);
  EXPECT_EQ(blamed.result.error().cause, "HookOverride"_cause);
  EXPECT_EQ("HookOverride"_cause->wire_code, "InvalidParameters");
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9"}})");
  const auto own = world.onboard_asking("a b");
  ASSERT_FALSE(own.result);
  EXPECT_EQ(own.result.error().cause, "InvalidParameters"_cause) << "the device sent that itself";
}

TEST(PreProvisioningHook, IsCalledOnceForARequestAndItsRepeats) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9"}})");
  world.created = *world.create(world.key);
  const std::string token = world.created->ownership_token.reveal();
  // A concurrent change between reading and writing: the first attempt loses the race.
  world.store.before_commit([&] { world.guard(); });
  ASSERT_TRUE(world.ask_to_register(token, World::parameters("1")).result);
  EXPECT_EQ(world.hooks.asked.size(), 1U);
  const auto again = world.ask_to_register(token, World::parameters("1"));
  ASSERT_TRUE(again.result);
  EXPECT_TRUE(again.result->repeated);
  EXPECT_FALSE(again.hook);
  EXPECT_EQ(world.hooks.asked.size(), 1U);
  EXPECT_EQ(world.ask_to_register(token, World::parameters("1", "9")).result.error().cause,
            "InvalidCertificateOwnershipToken"_cause)
      << "a repeat is recognised by what the device sent";
}

TEST(PreProvisioningHook, IsNotCalledForRequestsRefusedAnyway) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true})");
  EXPECT_FALSE(world.register_with("no token", World::parameters("1")));
  world.created = *world.create(world.key);
  EXPECT_FALSE(world.register_with(world.created->ownership_token.reveal(), World::parameters("1"),
                                   "Unknown"));
  EXPECT_TRUE(world.hooks.asked.empty());
}

TEST(PreProvisioningHook, ChangesDuringItsCallAreRespected) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true})");
  world.hooks.while_asked = [&] {
    auto claim = World::claim(1);
    claim.status = CertificateStatus::inactive;
    claim.version = 2;
    world.put(claim);
  };
  const auto outcome = world.onboard_asking("1");
  ASSERT_FALSE(outcome.result);
  EXPECT_THAT(outcome.result.error().message, HasSubstr("deactivated"));
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
}

TEST(PreProvisioningHook, InShadowModeIsOnlyRecorded) {
  GuardedWorld world;
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"FirmwareVersion":"9"}})");
  world.hooks.reply.shadow = true;
  ASSERT_TRUE(world.onboard_asking("1").result);
  EXPECT_EQ(world.thing("device-1").attributes.at("firmwareVersion"), "1.0.0");
  world.hooks.answer(R"({"allowProvisioning":false})");
  world.hooks.reply.shadow = true;
  ASSERT_TRUE(world.onboard_asking("1").result);
  const auto events = world.steps("hook");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_THAT(events[1].detail + events[0].detail, HasSubstr(R"("shadow":true)"));
  EXPECT_EQ(std::set({events[0].outcome, events[1].outcome}),
            (std::set<std::string>{"denied", "ok"}));
}

TEST(PreProvisioningHook, IsCalledAfterTheGatekeeper) {
  GuardedWorld world;
  world.set_up_list({{"allowlist", "line-a"}, {"override.FirmwareVersion", "column:firmware"}});
  auto guarded =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  guarded.hook = registry::ProvisioningHook{"2020-04-01", std::string(GuardedWorld::kArn)};
  world.put(guarded);
  world.hooks.answer(R"({"allowProvisioning":true})");
  EXPECT_THAT(world.onboard_asking("B1").result.error().rule, HasSubstr("has no serial"));
  EXPECT_TRUE(world.hooks.asked.empty());
  ASSERT_TRUE(world.onboard_asking("A1").result);
  ASSERT_EQ(world.hooks.asked.size(), 1U);
  EXPECT_THAT(world.hooks.asked[0].second, HasSubstr(R"("FirmwareVersion":"9")"))
      << "it gets the values of the list";
}

}  // namespace
}  // namespace imprint::provisioning
