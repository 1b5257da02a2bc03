// SPDX-License-Identifier: Apache-2.0
#include "provisioning/register_thing.h"

#include "provisioning/plan.h"
#include "test/support/provisioning_world.h"

namespace imprint::provisioning {
namespace {

using World = test::ProvisioningWorld;
using registry::CertificateStatus;
using runtime::run_blocking;
using test::mission_template;
using testing::HasSubstr;

TEST(RegisterThing, RegistersADeviceThroughATemplate) {
  World world;
  const auto key = test::make_key();
  const auto registered = world.onboard(key, "A1B2");
  ASSERT_TRUE(registered) << registered.error().message;
  EXPECT_EQ(registered->thing->str(), "device-A1B2");
  EXPECT_EQ(registered->device_configuration, "{}");
  const registry::Thing thing = world.thing("device-A1B2");
  EXPECT_EQ(thing.type->str(), "SmartSensor");
  EXPECT_EQ(thing.attributes, (registry::Attributes{{"firmwareVersion", "1.0.0"}}));
  const auto groups =
      world.all<registry::GroupMembership>(registry::query::GroupsOfThing{thing.name});
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].group.str(), "unprovisioned-devices");
  const registry::Certificate certificate = world.certificate(registered->certificate);
  EXPECT_EQ(certificate.status, CertificateStatus::active);
  EXPECT_EQ(certificate.common_name, "Imprint device certificate")
      << "a device must not choose its subject";
  const auto policies = world.all<registry::PolicyAttachment>(
      registry::query::PoliciesOfTarget{registry::PolicyTarget(certificate.id)});
  ASSERT_EQ(policies.size(), 1U);
  EXPECT_EQ(policies[0].policy.str(), "FleetDevicePolicy");
  EXPECT_TRUE(
      world.all<registry::IssuanceIntent>(registry::query::Intents{world.clock.now() + test::kDay})
          .empty());
}

TEST(RegisterThing, OneKeyRegistersOneThingThroughAnyClaim) {
  for (const bool at_once : {false, true}) {
    World world;
    const auto key = test::make_key();
    const CertificateId first_claim = world.caller.certificate;
    const CertificateId second_claim{Sha256{2}};
    const auto first = world.create(key);
    ASSERT_TRUE(first);
    std::string second;
    const auto create_second = [&] {
      world.caller.certificate = second_claim;
      const auto created = world.create(key);
      ASSERT_TRUE(created) << created.error().message;
      second = created->ownership_token.reveal();
    };
    if (at_once) create_second();
    world.caller.certificate = first_claim;
    ASSERT_TRUE(world.register_with(first->ownership_token.reveal(), World::parameters("A")));
    if (!at_once) create_second();
    world.caller.certificate = second_claim;
    const auto refused = world.register_with(second, World::parameters("B"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::conflict);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("belongs to thing \"device-A\""));
    EXPECT_TRUE(world.register_with(second, World::parameters("A"))) << "it is the same thing";
  }
}

TEST(RegisterThing, RepeatsOfTheSameRequestGetTheSameAnswer) {
  World world;
  const auto key = test::make_key();
  const auto first = world.create(key);
  const auto again = world.create(key);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id) << "same key, same claim, same certificate";
  EXPECT_EQ(first->ownership_token.reveal(), again->ownership_token.reveal());
  EXPECT_TRUE(again->repeated);
  const std::string token = first->ownership_token.reveal();
  ASSERT_TRUE(world.register_with(token, World::parameters("S1")));
  const auto repeat = world.register_with(token, World::parameters("S1"));
  ASSERT_TRUE(repeat) << repeat.error().message;
  EXPECT_TRUE(repeat->repeated);
  EXPECT_EQ(repeat->thing->str(), "device-S1");
  const auto other = world.register_with(token, World::parameters("S2"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().cause, "InvalidCertificateOwnershipToken"_cause);
  EXPECT_THAT(other.error().message, HasSubstr("already used"));
  EXPECT_EQ(world.all<registry::Thing>(registry::query::Things{}).size(), 1U);
}

TEST(RegisterThing, TheAuditedSerialNumberEndsWithAWholeCharacter) {
  EXPECT_EQ(audited_serial_number(std::string(127, 'x') + "\u00e9"), std::string(127, 'x'));
  EXPECT_EQ(audited_serial_number(std::string(126, 'x') + "\u00e9y"),
            std::string(126, 'x') + "\u00e9");
  EXPECT_EQ(audited_serial_number(std::string(500, 'x')), std::string(128, 'x'));
  EXPECT_EQ(audited_serial_number("A1"), "A1");
}

TEST(RegisterThing, AClaimThatIsNoLongerActiveRegistersNothing) {
  for (const bool deleted : {false, true}) {
    World world;
    const auto created = world.create(test::make_key());
    registry::Certificate claim = world.certificate(world.caller.certificate);
    claim.status = CertificateStatus::inactive;
    ++claim.version;
    if (deleted) {
      world.erase(registry::certificate_key(claim.id));
    } else {
      world.put(claim);
    }
    const auto refused =
        world.register_with(created->ownership_token.reveal(), World::parameters("S1"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause, "ClaimRefused"_cause);
    EXPECT_THAT(refused.error().message, HasSubstr(deleted ? "deleted" : "deactivated"));
    EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  }
}

TEST(RegisterThing, AClaimDeactivatedBetweenReadingAndCommittingRegistersNothing) {
  World world;
  const auto created = world.create(test::make_key());
  world.store.before_commit(
      [&] { world.set_status(world.caller.certificate, CertificateStatus::inactive); });
  EXPECT_FALSE(world.register_with(created->ownership_token.reveal(), World::parameters("S1")));
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
}

TEST(RegisterThing, RefusesByName) {
  World world;
  world.add_template("Disabled", mission_template(), false);
  world.put(registry::ProvisioningTemplate{
      .name = *TemplateName::parse("Jitp"), .type = registry::TemplateType::jitp, .enabled = true});
  const auto created = world.create(test::make_key());
  ASSERT_TRUE(created);
  const std::string good = created->ownership_token.reveal();
  std::string forged = good;
  forged.back() = forged.back() == '0' ? '1' : '0';
  const struct {
    std::string name;
    std::string template_name;
    std::string token;
    templates::Parameters parameters;
    Cause cause;
    std::string part;
  } rows[] = {
      {"no token", "T", "", World::parameters("S"), "InvalidCertificateOwnershipToken"_cause,
       "Certificate ownership token cannot be empty."},
      {"malformed token", "T", "abc", World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "3 characters where 128"},
      {"not hexadecimal", "T", std::string(128, 'z'), World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "malformed"},
      {"forged token", "T", forged, World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "unknown or has expired"},
      {"unknown certificate", "T", std::string(128, 'a'), World::parameters("S"),
       "InvalidCertificateOwnershipToken"_cause, "unknown"},
      {"unknown template", "Nope", good, World::parameters("S"), "ResourceNotFound"_cause,
       "\"Nope\""},
      {"disabled template", "Disabled", good, World::parameters("S"), "TemplateDisabled"_cause,
       "is disabled"},
      {"JITP template", "Jitp", good, World::parameters("S"), "ResourceNotFound"_cause, "JITP"},
      {"no parameters", "T", good, {}, "InvalidParameters"_cause, "SerialNumber"},
      {"one missing",
       "T",
       good,
       {{"SerialNumber", "S"}},
       "InvalidParameters"_cause,
       "FirmwareVersion"},
      {"bad thing name", "T", good, World::parameters("A B"), "InvalidParameters"_cause,
       "device-A B"},
      {"wildcard in serial", "T", good, World::parameters("*"), "InvalidParameters"_cause,
       "device-*"},
      {"path in serial", "T", good, World::parameters("../x"), "InvalidParameters"_cause, "/"},
      {"bad attribute", "T", good, World::parameters("S", "1.0+build 5"), "InvalidParameters"_cause,
       "1.0+build 5"},
  };
  for (const auto& row : rows) {
    const auto answer = world.register_with(row.token, row.parameters, row.template_name);
    ASSERT_FALSE(answer) << row.name;
    EXPECT_EQ(answer.error().cause, row.cause) << row.name << ": " << answer.error().message;
    EXPECT_THAT(describe(answer.error()), HasSubstr(row.part)) << row.name;
  }
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  EXPECT_TRUE(world.register_with(good, World::parameters("S")))
      << "a rejection leaves the token usable";
}

TEST(RegisterThing, ADeprecatedTypeIsNotMissing) {
  World world;
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{registry::ThingType{
      .name = *ThingTypeName::parse("SmartSensor"), .id = "t", .deprecated = world.clock.now()}});
  ASSERT_TRUE(run_blocking(world.memory.commit(changes)));
  const auto answer = world.onboard(test::make_key(), "S");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().cause, "ThingTypeDeprecated"_cause);
  EXPECT_EQ(answer.error().cause->wire_code, "ResourceRegistrationFailure");
}

TEST(RegisterThing, NamesWhatIsMissingInTheRegistry) {
  const struct {
    registry::Key missing;
    std::string part;
  } rows[] = {
      {registry::policy_key(*PolicyName::parse("FleetDevicePolicy")), "create-policy"},
      {registry::thing_type_key(*ThingTypeName::parse("SmartSensor")), "create-thing-type"},
      {registry::thing_group_key(*ThingGroupName::parse("unprovisioned-devices")),
       "create-thing-group"},
  };
  for (const auto& row : rows) {
    World world;
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Erase{row.missing});
    ASSERT_TRUE(run_blocking(world.memory.commit(changes)));
    const auto answer = world.onboard(test::make_key(), "S");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().cause, "ResourceRegistrationFailure"_cause);
    EXPECT_THAT(answer.error().message, HasSubstr(row.part));
    EXPECT_THAT(answer.error().where, HasSubstr("$.Resources."));
    EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty()) << "all or nothing";
  }
}

TEST(Overrides, AreApplied) {
  const auto body = [](const std::string& overrides) {
    return R"({"Parameters":{"SerialNumber":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}},
      "thing":{"Type":"AWS::IoT::Thing","OverrideSettings":)" +
           overrides + R"(,"Properties":{"ThingName":{"Ref":"SerialNumber"},
      "ThingTypeName":"SmartSensor","ThingGroups":["unprovisioned-devices"],"AttributePayload":{"a":"new","b":"new"}}}}})";
  };
  const struct {
    std::string overrides;
    bool accepted;
    registry::Attributes attributes;
    std::string type;
    std::size_t groups;
  } rows[] = {
      {"{}", true, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"AttributePayload":"DO_NOTHING"})", true, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"AttributePayload":"MERGE"})",
       true,
       {{"a", "new"}, {"b", "new"}, {"c", "old"}},
       "Other",
       1},
      {R"({"ATTRIBUTE_PAYLOAD":"REPLACE"})", true, {{"a", "new"}, {"b", "new"}}, "Other", 1},
      {R"({"ThingTypeName":"REPLACE"})", true, {{"a", "old"}, {"c", "old"}}, "SmartSensor", 1},
      {R"({"ThingGroups":"MERGE"})", true, {{"a", "old"}, {"c", "old"}}, "Other", 2},
      {R"({"ThingGroups":"REPLACE"})", true, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"ThingGroups":"FAIL"})", false, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"AttributePayload":"FAIL"})", false, {{"a", "old"}, {"c", "old"}}, "Other", 1},
      {R"({"ThingTypeName":"FAIL"})", false, {{"a", "old"}, {"c", "old"}}, "Other", 1},
  };
  for (const auto& row : rows) {
    World world(body(row.overrides));
    const ThingName name = *ThingName::parse("X");
    world.put(registry::ThingType{.name = *ThingTypeName::parse("Other"), .id = "o"});
    world.put(registry::ThingGroup{.name = *ThingGroupName::parse("mine"), .id = "m"});
    world.put(registry::Thing{.name = name,
                              .id = "i",
                              .type = *ThingTypeName::parse("Other"),
                              .attributes = {{"a", "old"}, {"c", "old"}}});
    world.put(registry::GroupMembership{name, *ThingGroupName::parse("mine")});
    const auto answer = world.onboard(test::make_key(), "X");
    EXPECT_EQ(answer.has_value(), row.accepted) << row.overrides;
    if (!answer) EXPECT_EQ(answer.error().cause, "OverrideIsFail"_cause);
    EXPECT_EQ(world.thing("X").attributes, row.attributes) << row.overrides;
    EXPECT_EQ(world.thing("X").type->str(), row.type) << row.overrides;
    EXPECT_EQ(world.all<registry::GroupMembership>(registry::query::GroupsOfThing{name}).size(),
              row.groups)
        << row.overrides;
  }
}

TEST(FleetLimit, CountsThingsCreatedBeforeItWasSet) {
  World world;
  const auto key = test::make_key();
  ASSERT_TRUE(world.onboard(key, "1"));
  ASSERT_TRUE(world.onboard(key, "1", "2.0.0"));
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  const registry::Counter counter = *run_blocking(registry::get(
      world.memory, registry::counter_key(things_counter(*TemplateName::parse("T")))));
  EXPECT_EQ(counter.value, 2) << "a thing that registers again is not counted again";
  Settings limited = *world.settings.get();
  limited.fleet_limit = 3;
  world.settings.set(limited);
  EXPECT_TRUE(world.onboard(test::make_key(), "3"));
  const auto fourth = world.onboard(test::make_key(), "4");
  ASSERT_FALSE(fourth);
  EXPECT_EQ(fourth.error().cause, "LimitReached"_cause);
  EXPECT_TRUE(world.onboard(key, "1", "3.0.0")) << "the limit is on new things";
}

TEST(InlinePolicies, AreMadeOnceAndSharedByTheSameDocument) {
  World world(
      R"({"Parameters":{"SerialNumber":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}},
      "policy":{"Type":"AWS::IoT::Policy","Properties":{"PolicyDocument":{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:us-east-1:000000000000:client/${iot:Connection.Thing.ThingName}"}]}}},
      "thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"SerialNumber"}}}}})");
  const auto one = world.onboard(test::make_key(), "1");
  ASSERT_TRUE(one) << describe(one.error());
  ASSERT_TRUE(world.onboard(test::make_key(), "2"));
  const auto policies = world.all<registry::Policy>(registry::query::Policies{});
  ASSERT_EQ(policies.size(), 2U);  // FleetDevicePolicy and this one
  const auto attached = world.all<registry::PolicyAttachment>(
      registry::query::PoliciesOfTarget{registry::PolicyTarget(one->certificate)});
  ASSERT_EQ(attached.size(), 1U);
  EXPECT_THAT(attached[0].policy.str(), testing::MatchesRegex("[0-9A-F]+"));
  EXPECT_EQ(attached[0].policy.str().size(), 40U);
}

TEST(RegisterThing, AnEmptySerialMakesNoThing) {
  World world;
  const auto refused = world.onboard(test::make_key(), "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, "InvalidParameters"_cause);
  EXPECT_THAT(refused.error().message, HasSubstr("SerialNumber is empty"));
  EXPECT_TRUE(world.all<registry::Thing>(registry::query::Things{}).empty());
  registry::ProvisioningTemplate record =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  record.settings["empty-serial"] = "allow";
  ++record.version;
  world.put(record);
  EXPECT_TRUE(world.onboard(test::make_key(), "")) << "as on AWS";
}

TEST(RegisterThing, NoEmptyParameterNamesAThing) {
  World world(
      R"({"Parameters":{"Line":{"Type":"String","Default":""},"Unit":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}},
      "thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Fn::Join":["",["unit-",{"Ref":"Line"},{"Ref":"Unit"}]]}}}}})");
  const auto onboard = [&](const templates::Parameters& parameters) {
    return world.register_with(world.create(test::make_key())->ownership_token.reveal(),
                               parameters);
  };
  EXPECT_TRUE(onboard({{"Unit", "7"}})) << "a parameter with a default may be empty";
  EXPECT_TRUE(onboard({{"Unit", "8"}, {"Line", ""}}));
  const auto refused = onboard({{"Unit", ""}, {"Line", "A"}});
  ASSERT_FALSE(refused) << "whatever the parameter is called";
  EXPECT_THAT(refused.error().message, HasSubstr("Unit is empty"));
}

TEST(RegisterThing, FillsAThingWhoseNameWasReserved) {
  World world;
  world.put(registry::Thing{
      .name = *ThingName::parse("device-S"), .id = "reserved", .is_reserved = true});
  Settings limited = *world.settings.get();
  limited.fleet_limit = 1;
  world.settings.set(limited);
  ASSERT_TRUE(world.onboard(test::make_key(), "S"));
  const registry::Thing thing = world.thing("device-S");
  EXPECT_EQ(thing.id, "reserved");
  EXPECT_FALSE(thing.is_reserved);
  EXPECT_EQ(thing.attributes.at("firmwareVersion"), "1.0.0");
  EXPECT_EQ(thing.type->str(), "SmartSensor");
  EXPECT_FALSE(world.onboard(test::make_key(), "T")) << "it counts like any other";
}

TEST(RegisterThing, DoesNotCommitIfItsTemplateHasChanged) {
  World world;
  const auto created = world.create(test::make_key());
  auto disabled =
      *run_blocking(registry::get(world.memory, registry::template_key(*TemplateName::parse("T"))));
  Known known{.resources = {},
              .device = DeviceRequest{.preconditions = {{registry::key_of(disabled),
                                                         registry::Expect::at(disabled.version)}},
                                      .source = *TemplateName::parse("T")},
              .fleet = FleetRequest{.caller = world.caller},
              .certificate = world.certificate(created->id)};
  known.resources.certificate = templates::CertificateResource{
      .logical_name = "c", .value = created->id.hex(), .ca_pem = {}, .status_override = {}};
  const auto decided = plan(known, world.clock.now(), "id", "g");
  ASSERT_TRUE(decided) << decided.error().message;
  disabled.enabled = false;
  ++disabled.version;
  world.put(disabled);
  const auto committed = run_blocking(world.memory.commit(decided->changes));
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().fault, Fault::conflict);
}

}  // namespace
}  // namespace imprint::provisioning
