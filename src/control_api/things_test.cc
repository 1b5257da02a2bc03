// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

const std::string kUnknownArn = "arn:aws:iot:us-east-1:000000000000:cert/" + std::string(64, 'a');

std::string attributes(std::size_t count) {
  json::object all;
  for (std::size_t i = 0; i < count; ++i) all[fmt::format("a{}", i)] = "v";
  return encoding::to_json(all);
}

std::string thing_body(const std::string& type, const std::string& all) {
  return R"({"thingTypeName":")" + type + R"(","attributePayload":{"attributes":)" + all + "}}";
}

struct Things : testing::Test {
  ControlApiWorld world;
  void attach(const std::string& thing, const std::string& arn, const std::string& query = "") {
    world.must("PUT", "/things/" + thing + "/principals" + query, "", {{"x-amzn-principal", arn}});
  }
};

TEST_F(Things, AreCreatedAndDescribed) {
  world.must("POST", "/thing-types/sensor", "{}");
  const Reply created =
      world.must("POST", "/things/t", thing_body("sensor", R"({"color":"red","empty":""})"));
  EXPECT_EQ(created.text("thingArn"), "arn:aws:iot:us-east-1:000000000000:thing/t");
  EXPECT_EQ(created.text("thingId").size(), 36U);
  const Reply thing = world.must("GET", "/things/t");
  EXPECT_EQ(thing.text("defaultClientId"), "t");
  EXPECT_EQ(thing.text("thingId"), created.text("thingId"));
  EXPECT_EQ(thing.text("thingTypeName"), "sensor");
  EXPECT_EQ(thing.body.at("version"), 1);
  EXPECT_EQ(encoding::to_json(thing.body.at("attributes")), R"({"color":"red"})");
}

TEST_F(Things, AreTheSameWhenCreatedAgain) {
  const std::string body = R"({"attributePayload":{"attributes":{"a":"1"}}})";
  const std::string id = world.must("POST", "/things/t", body).text("thingId");
  EXPECT_EQ(world.must("POST", "/things/t", body).text("thingId"), id);
  const Reply other = world.call("POST", "/things/t", "{}");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.error, kExists);
  EXPECT_EQ(other.text("resourceId"), "t");
  EXPECT_EQ(other.text("resourceArn"), "arn:aws:iot:us-east-1:000000000000:thing/t");
  EXPECT_THAT(other.message(), HasSubstr("different attributes"));
}

TEST_F(Things, KeepTheirAttributesWithinLimits) {
  world.must("POST", "/thing-types/sensor", "{}");
  world.must("POST", "/things/three",
             R"({"attributePayload":{"attributes":)" + attributes(3) + "}}");
  world.must("POST", "/things/fifty", thing_body("sensor", attributes(50)));
  const std::string longest(800, 'v');
  world.must("POST", "/things/longest",
             R"({"attributePayload":{"attributes":{"a":")" + longest + R"("}}})");
  const auto one = [](const std::string& name, const std::string& value) {
    return R"({"attributePayload":{"attributes":{")" + name + R"(":)" + value + "}}}";
  };
  json::object heavy;
  for (int i = 0; i < 50; ++i) heavy[fmt::format("{}{}", std::string(126, 'n'), i)] = longest;
  world.must("POST", "/things/heavy", thing_body("sensor", encoding::to_json(heavy)));
  for (int i = 0; i < 50; ++i)
    heavy[fmt::format("{}{}", std::string(126, 'n'), i)] = std::string(800, 'w');
  expect_refusals(
      world,
      {{"four without a type", "POST", "/things/t",
        R"({"attributePayload":{"attributes":)" + attributes(4) + "}}", 400, kInvalid,
        "at most 3 are allowed without a thing type"},
       {"fifty-one", "POST", "/things/t", thing_body("sensor", attributes(51)), 400, kInvalid,
        "at most 50"},
       {"value too long", "POST", "/things/t", one("a", '"' + longest + "v\""), 400, kInvalid,
        "801"},
       {"value's characters", "POST", "/things/t", one("a", R"("b c")"), 400, kInvalid, "b c"},
       {"name's characters", "POST", "/things/t", one("a b", R"("c")"), 400, kInvalid, "a b"},
       {"name empty", "POST", "/things/t", one("", R"("c")"), 400, kInvalid, "empty"},
       {"no text", "POST", "/things/t", one("a", "1"), 400, kInvalid, "must be text"},
       {"no object", "POST", "/things/t", R"({"attributePayload":{"attributes":[]}})", 400,
        kInvalid, "object"},
       {"merge is no boolean", "POST", "/things/t", R"({"attributePayload":{"merge":1}})", 400,
        kInvalid, "attributePayload.merge"},
       {"payload is text", "POST", "/things/t", R"({"attributePayload":"a"})", 400, kInvalid,
        "an object"}});
}

TEST_F(Things, NeedATypeThatIsInUse) {
  world.must("POST", "/thing-types/old", "{}");
  world.must("POST", "/thing-types/old/deprecate", "{}");
  expect_refusals(world, {{"unknown", "POST", "/things/t", R"({"thingTypeName":"none"})", 404,
                           kNotFound, "\"none\""},
                          {"deprecated", "POST", "/things/t", R"({"thingTypeName":"old"})", 400,
                           kInvalid, "Can not create new thing with depreated thing type:old"},
                          {"billing group", "POST", "/things/t", R"({"billingGroupName":"b"})", 404,
                           kNotFound, "billing groups are not available"}});
}

TEST_F(Things, AreUpdated) {
  world.must("POST", "/thing-types/sensor", "{}");
  world.must("POST", "/things/t", R"({"attributePayload":{"attributes":{"a":"1","b":"2"}}})");
  struct Row {
    std::string body;
    std::string expected;
    int version;
  };
  for (const Row& row : {
           Row{R"({"attributePayload":{"attributes":{"a":"","c":"3"},"merge":true}})",
               R"({"b":"2","c":"3"})", 2},
           Row{R"({"attributePayload":{"attributes":{"d":"4"}}})", R"({"d":"4"})", 3},
           Row{R"({"attributePayload":{"attributes":{"d":"4"}},"expectedVersion":3})",
               R"({"d":"4"})", 3},
           Row{R"({"thingTypeName":"sensor","expectedVersion":3})", R"({"d":"4"})", 4},
           Row{R"({"removeThingType":true})", R"({"d":"4"})", 5},
           Row{R"({"attributePayload":{"attributes":{},"merge":false}})", "{}", 6},
       }) {
    world.must("PATCH", "/things/t", row.body);
    const Reply thing = world.must("GET", "/things/t");
    EXPECT_EQ(encoding::to_json(thing.body.at("attributes")), row.expected) << row.body;
    EXPECT_EQ(thing.body.at("version"), row.version) << row.body;
  }
  EXPECT_FALSE(world.must("GET", "/things/t").body.contains("thingTypeName"));
}

TEST_F(Things, RefuseWrongUpdates) {
  world.must("POST", "/thing-types/sensor", "{}");
  world.must("POST", "/things/t", thing_body("sensor", attributes(4)));
  expect_refusals(
      world,
      {{"another version", "PATCH", "/things/t", R"({"expectedVersion":2})", 409,
        "VersionConflictException", "The version for thing t does not match the expected version."},
       {"type given and taken", "PATCH", "/things/t",
        R"({"thingTypeName":"sensor","removeThingType":true})", 400, kInvalid, "contradict"},
       {"unknown type", "PATCH", "/things/t", R"({"thingTypeName":"none"})", 404, kNotFound,
        "none"},
       {"too many attributes for no type", "PATCH", "/things/t", R"({"removeThingType":true})", 400,
        kInvalid, "at most 3"},
       {"unknown thing", "PATCH", "/things/u", "{}", 404, kNotFound, "\"u\""},
       {"unknown thing to read", "GET", "/things/u", "", 404, kNotFound, "\"u\""},
       {"another version to delete", "DELETE", "/things/t?expectedVersion=7", "", 409,
        "VersionConflictException", "thing t"}});
}

TEST_F(Things, TakeTheirMembershipsAlongWhenDeleted) {
  world.must("POST", "/things/t", "{}");
  world.must("POST", "/thing-groups/g", "{}");
  world.must("PUT", "/thing-groups/addThingToThingGroup",
             R"({"thingName":"t","thingGroupName":"g"})");
  world.must("DELETE", "/things/t?expectedVersion=1");
  world.must("DELETE", "/things/t");
  EXPECT_EQ(world.call("GET", "/things/t").status, 404);
  EXPECT_TRUE(world.must("GET", "/thing-groups/g/things").list("things").empty());
}

TEST_F(Things, StayWhileAPrincipalIsAttached) {
  world.must("POST", "/things/t", "{}");
  const std::string arn = world.make_certificate();
  attach("t", arn);
  expect_refusals(world, {{"attached", "DELETE", "/things/t", "", 400, kInvalid,
                           "Cannot delete. Thing t is still attached to one or more principals"}});
  world.must("DELETE", "/things/t/principals", "", {{"x-amzn-principal", arn}});
  world.must("DELETE", "/things/t");
}

TEST_F(Things, AreListedAndFound) {
  world.must("POST", "/thing-types/sensor", "{}");
  for (int i = 0; i < 7; ++i) {
    world.must(
        "POST", fmt::format("/things/t{}", i),
        thing_body("sensor", fmt::format(R"({{"site":"s{}"}})", i % 2 == 0 ? "even" : "odd")));
  }
  world.must("POST", "/things/other", "{}");
  const auto all = world.follow("GET", "/things", "things", false, 3);
  EXPECT_THAT(all.sizes, ElementsAre(3, 3, 2));
  struct Row {
    std::string query;
    std::size_t count;
  };
  for (const Row& row :
       {Row{"thingTypeName=sensor", 7}, Row{"attributeName=site", 7},
        Row{"attributeName=site&attributeValue=seven", 4},
        Row{"attributeName=site&attributeValue=s&usePrefixAttributeValue=true", 7},
        Row{"attributeName=site&attributeValue=s", 0}, Row{"thingTypeName=none", 0}}) {
    const auto found = world.follow("GET", "/things?" + row.query, "things", false, 3);
    EXPECT_EQ(found.elements.size(), row.count) << row.query;
  }
  EXPECT_THAT(all.elements[1],
              HasSubstr(R"("thingArn":"arn:aws:iot:us-east-1:000000000000:thing/t0")"));
  expect_refusals(world, {{"value without name", "GET", "/things?attributeValue=a", "", 400,
                           kInvalid, "attributeName"}});
}

TEST_F(Things, AreListedWithTheTypeOfTheirAttachment) {
  const std::string arn = world.make_certificate();
  const rest::Headers principal{{"x-amzn-principal", arn}};
  for (const char* name : {"t", "u", "v"}) {
    world.must("POST", std::string("/things/") + name, "{}");
    attach(name, arn);
  }
  const auto things =
      world.follow("GET", "/principals/things-v2", "principalThingObjects", false, 2, principal);
  EXPECT_THAT(things.sizes, ElementsAre(2, 1));
  EXPECT_EQ(things.elements.back(),
            R"({"thingName":"v","thingPrincipalType":"NON_EXCLUSIVE_THING"})");
  for (const std::string target : {"/principals/things-v2?thingPrincipalType=",
                                   "/things/t/principals-v2?thingPrincipalType="}) {
    const std::string_view member =
        target.starts_with("/things") ? "thingPrincipalObjects" : "principalThingObjects";
    EXPECT_FALSE(
        world.must("GET", target + "NON_EXCLUSIVE_THING", "", principal).list(member).empty());
    EXPECT_TRUE(world.must("GET", target + "EXCLUSIVE_THING", "", principal).list(member).empty());
    expect_refusals(world, {{target, "GET", target + "OTHER", "", 400, kInvalid, "EXCLUSIVE_THING",
                             principal}});
  }
  const rest::Headers unknown{
      {"x-amzn-principal", "arn:aws:iot:us-east-1:000000000000:cert/" + std::string(64, 'a')}};
  expect_refusals(
      world, {{"unknown thing", "GET", "/things/w/principals-v2", "", 404, kNotFound, "w"},
              {"unknown principal", "GET", "/principals/things-v2", "", 404, kNotFound, "not found",
               unknown}});
}

TEST_F(Things, AttachToPrincipals) {
  world.must("POST", "/things/t", "{}");
  const std::string arn = world.make_certificate();
  attach("t", arn);
  attach("t", arn);
  EXPECT_EQ(world.must("GET", "/things/t/principals").list("principals")[0].as_string(), arn);
  const rest::Headers principal{{"x-amzn-principal", arn}};
  for (int i = 0; i < 4; ++i) {
    world.must("POST", fmt::format("/things/u{}", i), "{}");
    attach(fmt::format("u{}", i), arn);
  }
  const auto things = world.follow("GET", "/principals/things", "things", false, 2, principal);
  EXPECT_THAT(things.sizes, ElementsAre(2, 2, 1));
  world.must("DELETE", "/things/t/principals", "", principal);
  world.must("DELETE", "/things/t/principals", "", principal);
  EXPECT_TRUE(world.must("GET", "/things/t/principals").list("principals").empty());
  const auto events = world.events();
  EXPECT_EQ(events.back().step, "detach_thing_principal");
  EXPECT_EQ(events.back().thing, "t");
  EXPECT_EQ(events.back().certificate, arn.substr(arn.find('/') + 1));
}

TEST_F(Things, AttachExclusivelyToOne) {
  world.must("POST", "/things/t", "{}");
  world.must("POST", "/things/u", "{}");
  const std::string arn = world.make_certificate();
  const rest::Headers principal{{"x-amzn-principal", arn}};
  attach("t", arn, "?thingPrincipalType=EXCLUSIVE_THING");
  attach("t", arn, "?thingPrincipalType=EXCLUSIVE_THING");
  const std::string other = world.make_certificate();
  attach("t", other);
  const Reply v2 = world.must("GET", "/things/t/principals-v2?thingPrincipalType=EXCLUSIVE_THING");
  EXPECT_EQ(encoding::to_json(v2.body.at("thingPrincipalObjects")),
            R"([{"principal":")" + arn + R"(","thingPrincipalType":"EXCLUSIVE_THING"}])");
  EXPECT_EQ(encoding::to_json(world.must("GET", "/principals/things-v2", "", principal)
                                  .body.at("principalThingObjects")),
            R"([{"thingName":"t","thingPrincipalType":"EXCLUSIVE_THING"}])");
  expect_refusals(world, {{"exclusive elsewhere", "PUT", "/things/u/principals", "", 400, kInvalid,
                           "EXCLUSIVE_THING", principal},
                          {"otherwise attached", "PUT", "/things/t/principals", "", 400, kInvalid,
                           "detach it first", principal},
                          {"exclusive while shared",
                           "PUT",
                           "/things/u/principals?thingPrincipalType=EXCLUSIVE_THING",
                           "",
                           400,
                           kInvalid,
                           "thing t",
                           {{"x-amzn-principal", other}}},
                          {"unknown kind", "PUT", "/things/u/principals?thingPrincipalType=SOME",
                           "", 400, kInvalid, "EXCLUSIVE_THING, NON_EXCLUSIVE_THING", principal}});
}

TEST_F(Things, RefuseWrongPrincipals) {
  world.must("POST", "/things/t", "{}");
  const std::string arn = world.make_certificate();
  const rest::Headers unknown{{"x-amzn-principal", kUnknownArn}};
  const rest::Headers no_arn{{"x-amzn-principal", "us-east-1:cognito"}};
  const rest::Headers known{{"x-amzn-principal", arn}};
  expect_refusals(
      world,
      {{"attach unknown", "PUT", "/things/t/principals", "", 404, kNotFound, kUnknownArn, unknown},
       {"detach unknown", "DELETE", "/things/t/principals", "", 404, kNotFound, kUnknownArn,
        unknown},
       {"list unknown", "GET", "/principals/things", "", 404, kNotFound, kUnknownArn, unknown},
       {"cognito", "PUT", "/things/t/principals", "", 400, kInvalid, "'principal'", no_arn},
       {"unknown thing", "PUT", "/things/u/principals", "", 404, kNotFound, "\"u\"", known},
       {"detach of an unknown thing", "DELETE", "/things/u/principals", "", 404, kNotFound, "\"u\"",
        known},
       {"principals of an unknown thing", "GET", "/things/u/principals", "", 404, kNotFound,
        "\"u\""}});
}

}  // namespace
}  // namespace imprint::control_api
