// SPDX-License-Identifier: Apache-2.0
#include "control_api/record_changes.h"

#include "story/changes.h"
#include "test/support/control_api_world.h"
#include "x509/digest.h"

namespace imprint::control_api {
namespace {

namespace json = encoding::json;
using registry::Erase;
using registry::Put;
using registry::Record;
using namespace test::words;
using ::testing::Not;

const std::string kOpen =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]})";
const std::string kBody =
    R"({"Resources":{"x":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}}})";

registry::Thing thing(registry::Attributes attributes, std::int64_t version = 1) {
  return {.name = *ThingName::parse("d"),
          .id = "u",
          .attributes = std::move(attributes),
          .version = version};
}

json::object told(const registry::ChangeSet& changes,
                  const std::vector<std::optional<Record>>& before) {
  json::object detail;
  add_changes(detail, changes, before);
  return detail;
}

json::object update(const std::optional<Record>& before, const Record& after) {
  return told({.changes = {Put{after}}}, {before});
}

TEST(RecordChanges, TellTheMembersThatDifferAndNoOthers) {
  const registry::Setting events{.name = "event-configurations",
                                 .value = R"({"THING":true,"POLICY":false})"};
  registry::Setting other = events;
  other.value = R"({"THING":true,"POLICY":true})";
  const struct {
    std::string name;
    json::object detail;
    std::string expected;
  } rows[] = {
      {"one of three attributes",
       update(thing({{"a", "1"}, {"b", "2"}, {"gone", "x"}}),
              thing({{"a", "1"}, {"b", "3"}, {"new", "y"}}, 2)),
       R"({"changes":{"thing d":{"attributes.b":{"before":"2","after":"3"},)"
       R"("attributes.new":{"after":"y"},"version":{"before":1,"after":2},)"
       R"("attributes.gone":{"before":"x"}}}})"},
      {"a record that comes", update(std::nullopt, thing({{"a", "1"}})),
       R"({"changes":{"thing d":{"name":{"after":"d"},"id":{"after":"u"},)"
       R"("attributes.a":{"after":"1"}}}})"},
      {"a record that goes",
       told({.changes = {Erase{registry::thing_key(*ThingName::parse("d"))}}}, {thing({})}),
       R"({"changes":{"thing d":{"name":{"before":"d"},"id":{"before":"u"}}}})"},
      {"a record that was not there",
       told({.changes = {Erase{registry::thing_key(*ThingName::parse("d"))}}}, {std::nullopt}),
       "{}"},
      {"nothing", update(thing({{"a", "1"}}), thing({{"a", "1"}})), "{}"},
      {"a setting that holds several things", update(events, other),
       R"({"changes":{"setting event-configurations":{"value.POLICY":{"before":false,"after":true}}}})"},
      {"other changes",
       told({.changes = {registry::Count{"c"},
                         registry::Require{registry::thing_key(*ThingName::parse("d")), {}}}},
            {}),
       "{}"},
  };
  for (const auto& row : rows) EXPECT_EQ(encoding::to_json(row.detail), row.expected) << row.name;
}

TEST(RecordChanges, GiveLongValuesByLengthAndDigest) {
  const std::string umlauts = "\xC3\xA4";
  std::string just;
  for (int i = 0; i < 128; ++i) just += umlauts;
  const auto of = [](const std::string& text) {
    const auto detail = update(
        std::nullopt,
        registry::ThingGroup{.name = *ThingGroupName::parse("g"), .id = "u", .description = text});
    return detail.at("changes").at("thing group g").at("description").at("after");
  };
  EXPECT_EQ(of(just).as_string(), just) << "256 bytes are recorded in full";
  const std::string longer = just + umlauts;
  EXPECT_EQ(of(longer).at("bytes"), 258);
  EXPECT_EQ(of(longer).at("sha256").as_string(), encoding::to_hex(x509::sha256(as_bytes(longer))));
}

TEST(RecordChanges, NeverTellASecret) {
  registry::Credential key{.access_key_id = "AKIA", .name = "n", .sealed_secret = "sealed"};
  const registry::Credential before = key;
  key.sealed_secret = "resealed";
  const auto resealed = encoding::to_json(update(before, key));
  EXPECT_THAT(resealed, HasSubstr(R"x("sealed_secret":{"before":"(secret)","after":"(secret)"})x"));
  EXPECT_THAT(resealed, Not(HasSubstr("sealed\"}")));
  const auto code =
      encoding::to_json(update(std::nullopt, registry::Setting{.name = "registration-code",
                                                               .value = std::string(300, 'c')}));
  EXPECT_THAT(code, HasSubstr(R"x("value":{"after":"(secret)"})x"));
}

TEST(RecordChanges, AreBoundedAndSayHowMuchIsLeftOut) {
  registry::Attributes many;
  for (int i = 0; i < 50; ++i) many.emplace(fmt::format("a{}", i), "v");
  const auto members = update(thing({}), thing(many));
  EXPECT_EQ(members.at("changes").at("thing d").as_object().size(), 40U);
  EXPECT_EQ(members.at("changes_left_out"), 10);
  registry::Attributes heavy;
  for (int i = 0; i < 30; ++i) heavy.emplace(fmt::format("a{}", i), std::string(250, 'v'));
  const auto bytes = update(thing({}), thing(heavy));
  EXPECT_LT(encoding::to_json(bytes).size(), 4500U);
  EXPECT_GT(bytes.at("changes_left_out").to_number<int>(), 10);
  registry::ChangeSet records;
  for (int i = 0; i < 100; ++i) {
    records.changes.emplace_back(
        Erase{registry::thing_key(*ThingName::parse(fmt::format("d{}", i)))});
  }
  EXPECT_EQ(audited_keys(records).size(), 32U);
  EXPECT_EQ(told(records, std::vector<std::optional<Record>>(32)).at("changes_left_out"), 68);
}

TEST(RecordChanges, AreDescribedInWords) {
  registry::Attributes seven;
  for (int i = 0; i < 7; ++i) seven.emplace(fmt::format("a{}", i), "v");
  const struct {
    json::object detail;
    std::string expected;
  } rows[] = {
      {{}, ""},
      {{{"changes", "lies"}}, ""},
      {update(thing({{"a", "1"}}), thing({{"a", "2\n3"}}, 2)),
       R"(thing d: attributes.a "1" -> "2\x0a3")"},
      {update(thing({{"a", "1"}}), thing({}, 2)), R"(thing d: attributes.a "1" -> nothing)"},
      {update(thing({}), thing({}, 2)), "thing d: nothing but its version"},
      {update(thing({}), thing(seven, 2)),
       R"(thing d: attributes.a0 nothing -> "v", attributes.a1 nothing -> "v", )"
       R"(attributes.a2 nothing -> "v", attributes.a3 nothing -> "v", )"
       R"(attributes.a4 nothing -> "v", 2 more)"},
      {told({.changes = {Put{thing({})}, Erase{registry::policy_key(*PolicyName::parse("p"))}}},
            {std::nullopt, registry::Policy{.name = *PolicyName::parse("p")}}),
       "made thing d; removed policy p"},
      {update(registry::PolicyVersion{*PolicyName::parse("p"), 1, std::string(300, 'd')},
              registry::PolicyVersion{*PolicyName::parse("p"), 1, "{}"}),
       R"(policy version p 0000000001: document 300 bytes -> "{}")"},
  };
  for (const auto& row : rows) EXPECT_EQ(story::changes_in_words(row.detail), row.expected);
}

/// Every kind of record that the control plane changes, through the operations that change it.
TEST(ControlPlaneEvents, SayWhoFromWhereAndWhatChanged) {
  ControlApiWorld world;
  const auto text = [](const json::object& object) { return encoding::to_json(object); };
  world.must("POST", "/thing-types/sensor", "{}");
  world.must("POST", "/things/d", R"({"attributePayload":{"attributes":{"room":"a"}}})");
  world.must("POST", "/thing-groups/g", "{}");
  world.must("POST", "/policies/p", text({{"policyDocument", kOpen}}));
  world.must("POST", "/provisioning-templates",
             text({{"templateName", "T"},
                   {"templateBody", kBody},
                   {"provisioningRoleArn", "arn:aws:iam::000000000000:role/Provisioning"}}));
  const std::string arn = world.make_certificate(true);
  const std::string id = arn.substr(arn.find("cert/") + 5);
  const test::Identity factory = test::make_root("Factory CA");
  const std::string ca = factory.certificate.id().hex();
  world.must("POST", "/cacertificate",
             text({{"caCertificate", factory.certificate.pem()}, {"certificateMode", "SNI_ONLY"}}));
  const Reply key =
      world.must("POST", "/imprint/v1/credentials", R"({"name":"line","role":"factory"})");
  const struct {
    std::string method;
    std::string target;
    std::string body;
    std::vector<std::string> parts;
  } rows[] = {
      {"PATCH",
       "/things/d",
       R"({"attributePayload":{"attributes":{"room":"b"}}})",
       {R"("thing d":{"attributes.room":{"before":"a","after":"b"})"}},
      {"PUT",
       "/certificates/" + id + "?newStatus=INACTIVE",
       "",
       {R"("status":{"before":"ACTIVE","after":"INACTIVE"})"}},
      {"PATCH",
       "/thing-groups/g",
       R"({"thingGroupProperties":{"thingGroupDescription":"hall"}})",
       {R"("thing group g":{"description":{"after":"hall"})"}},
      {"POST",
       "/thing-types/sensor/deprecate",
       R"({"undoDeprecate":false})",
       {R"("deprecated":{"after":)"}},
      {"POST",
       "/policies/p/version?setAsDefault=true",
       text({{"policyDocument", kOpen}}),
       {R"("default_version":{"before":1,"after":2})", R"("document":{"after":)"}},
      {"PATCH",
       "/provisioning-templates/T",
       R"({"enabled":true})",
       {R"("enabled":{"before":false,"after":true})"}},
      {"PUT",
       "/cacertificate/" + ca + "?newStatus=ACTIVE",
       "{}",
       {R"("active":{"before":false,"after":true})"}},
      {"POST",
       "/tags",
       text({{"resourceArn", "arn:aws:iot:us-east-1:000000000000:policy/p"},
             {"tags", json::array{{{"Key", "k"}, {"Value", "v"}}}}}),
       {R"("tags.k":{"after":"v"})"}},
      {"POST",
       "/indexing/config",
       R"({"thingIndexingConfiguration":{"thingIndexingMode":"OFF"}})",
       {R"("changes":{"indexing configuration things":)"}},
      {"PATCH",
       "/event-configurations",
       R"({"eventConfigurations":{"THING":{"Enabled":true}}})",
       {R"("value.THING)", R"("after":true)"}},
      {"DELETE",
       "/imprint/v1/credentials/" + key.text("accessKeyId"),
       "",
       {R"("is_revoked":{"before":false,"after":true})",
        R"x("sealed_secret":{"before":"(secret)"})x"}},
      {"DELETE", "/things/d", "", {R"("attributes.room":{"before":"b"})"}},
  };
  for (const auto& row : rows) {
    const std::size_t before = world.events().size();
    const Reply reply = world.must(row.method, row.target, row.body);
    ASSERT_EQ(world.events().size(), before + 1) << row.target;
    const registry::AuditEvent event = world.events().back();
    EXPECT_EQ(event.actor, test::kAccessKeyId);
    EXPECT_EQ(event.correlation, reply.request_id);
    EXPECT_THAT(event.detail, HasSubstr("192.0.2.7"));
    for (const std::string& part : row.parts)
      EXPECT_THAT(event.detail, HasSubstr(part)) << row.target;
    EXPECT_THAT(event.detail, Not(HasSubstr("BEGIN"))) << row.target;
  }
  const Reply trail = world.must("GET", "/imprint/v1/audit-events?thingName=d");
  EXPECT_THAT(trail.list("events")[1].at("sentence").as_string(),
              HasSubstr(R"(thing d: attributes.room "a" -> "b")"));
}

TEST(ControlPlaneEvents, DescribeTheStateAtTheirCommit) {
  ControlApiWorld world;
  world.must("POST", "/things/d", R"({"attributePayload":{"attributes":{"room":"a"}}})");
  const auto other = [&] {
    registry::ChangeSet changes;
    changes.add(Put{thing({{"room", "b"}}, 2)});
    world.arrange(std::move(changes));
  };
  world.store.before_commit(other);
  world.must("PATCH", "/things/d", R"({"attributePayload":{"attributes":{"room":"c"}}})");
  EXPECT_THAT(world.events().back().detail,
              HasSubstr(R"("attributes.room":{"before":"b","after":"c"})"))
      << "the attempt that lost the race is not recorded";
}

}  // namespace
}  // namespace imprint::control_api
