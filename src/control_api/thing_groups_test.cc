// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

struct ThingTypes : testing::Test {
  ControlApiWorld world;
};

TEST_F(ThingTypes, AreCreatedDescribedAndIdempotent) {
  const std::string body =
      R"({"thingTypeProperties":{"thingTypeDescription":"größe","searchableAttributes":["a","b","c"]}})";
  const Reply created = world.must("POST", "/thing-types/t", body);
  EXPECT_EQ(created.text("thingTypeArn"), "arn:aws:iot:us-east-1:000000000000:thingtype/t");
  EXPECT_EQ(world.must("POST", "/thing-types/t", body).text("thingTypeId"),
            created.text("thingTypeId"));
  const Reply type = world.must("GET", "/thing-types/t");
  EXPECT_EQ(encoding::to_json(type.body.at("thingTypeProperties")),
            R"({"searchableAttributes":["a","b","c"],"thingTypeDescription":"größe"})");
  EXPECT_EQ(type.body.at("thingTypeMetadata").at("deprecated"), false);
  EXPECT_EQ(world.call("POST", "/thing-types/t", "{}").error, kExists);
  const std::string in_another_order =
      R"({"thingTypeProperties":{"thingTypeDescription":"größe","searchableAttributes":["c","a","b"]}})";
  EXPECT_EQ(world.must("POST", "/thing-types/t", in_another_order).text("thingTypeId"),
            created.text("thingTypeId"))
      << "they are a set";
}

TEST_F(ThingTypes, AreRefusedWithAReason) {
  const auto with = [](const std::string& member) {
    return R"({"thingTypeProperties":{)" + member + "}}";
  };
  world.must("POST", "/thing-types/longest",
             with(R"("thingTypeDescription":")" + std::string(2028, 'a') + '"'));
  expect_refusals(
      world,
      {{"description too long", "POST", "/thing-types/t",
        with(R"("thingTypeDescription":")" + std::string(2029, 'a') + '"'), 400, kInvalid, "2028"},
       {"description with a line feed", "POST", "/thing-types/t",
        with(R"("thingTypeDescription":"a\nb")"), 400, kInvalid, "printable"},
       {"description is a number", "POST", "/thing-types/t", with(R"("thingTypeDescription":1)"),
        400, kInvalid, "must be text"},
       {"four attributes", "POST", "/thing-types/t",
        with(R"("searchableAttributes":["a","b","c","d"])"), 400, kInvalid, "equal to 3"},
       {"attribute name", "POST", "/thing-types/t", with(R"("searchableAttributes":["a b"])"), 400,
        kInvalid, "a b"},
       {"attributes are no list", "POST", "/thing-types/t", with(R"("searchableAttributes":"a")"),
        400, kInvalid, "array"},
       {"user properties", "POST", "/thing-types/t", with(R"("mqtt5Configuration":{})"), 400,
        kInvalid, "not available"},
       {"unknown", "GET", "/thing-types/u", "", 404, kNotFound, "\"u\""},
       {"unknown to deprecate", "POST", "/thing-types/u/deprecate", "{}", 404, kNotFound, "\"u\""},
       {"unknown to delete", "DELETE", "/thing-types/u", "", 404, kNotFound, "\"u\""}});
}

TEST_F(ThingTypes, AreUpdatedMemberByMember) {
  world.must(
      "POST", "/thing-types/t",
      R"({"thingTypeProperties":{"thingTypeDescription":"old","searchableAttributes":["a"]}})");
  const auto properties = [&] {
    return encoding::to_json(world.must("GET", "/thing-types/t").body.at("thingTypeProperties"));
  };
  const std::size_t before = world.events().size();
  world.must("PATCH", "/thing-types/t", "{}");
  EXPECT_EQ(world.events().size(), before);
  world.must("PATCH", "/thing-types/t",
             R"({"thingTypeProperties":{"thingTypeDescription":"new"}})");
  EXPECT_EQ(properties(), R"({"searchableAttributes":["a"],"thingTypeDescription":"new"})");
  world.must("PATCH", "/thing-types/t",
             R"({"thingTypeProperties":{"searchableAttributes":["b","c"]}})");
  EXPECT_EQ(properties(), R"({"searchableAttributes":["b","c"],"thingTypeDescription":"new"})");
  EXPECT_EQ(world.events().back().step, "update_thing_type");
  expect_refusals(
      world, {{"unknown", "PATCH", "/thing-types/u", "{}", 404, kNotFound, "\"u\""},
              {"four attributes", "PATCH", "/thing-types/t",
               R"({"thingTypeProperties":{"searchableAttributes":["a","b","c","d"]}})", 400,
               kInvalid, "equal to 3"},
              {"user properties", "PATCH", "/thing-types/t",
               R"({"thingTypeProperties":{"mqtt5Configuration":{"propagatingAttributes":[]}}})",
               400, kInvalid, "not available"}});
}

TEST_F(ThingTypes, AreDeletedOnceDeprecatedAndUnused) {
  world.must("POST", "/thing-types/t", "{}");
  world.must("POST", "/things/x", R"({"thingTypeName":"t"})");
  expect_refusals(world,
                  {{"in use", "DELETE", "/thing-types/t", "", 400, kInvalid, "not deprecated"}});
  world.must("POST", "/thing-types/t/deprecate", "{}");
  world.must("POST", "/thing-types/t/deprecate", "{}");
  EXPECT_TRUE(world.must("GET", "/thing-types/t")
                  .body.at("thingTypeMetadata")
                  .as_object()
                  .contains("deprecationDate"));
  expect_refusals(world, {{"has things", "DELETE", "/thing-types/t", "", 400, kInvalid, "x"}});
  world.must("POST", "/thing-types/t/deprecate", R"({"undoDeprecate":true})");
  world.must("POST", "/things/y", R"({"thingTypeName":"t"})");
  world.must("POST", "/thing-types/t/deprecate", "{}");
  world.must("DELETE", "/things/x");
  world.must("DELETE", "/things/y");
  world.must("DELETE", "/thing-types/t");
  EXPECT_EQ(world.call("GET", "/thing-types/t").status, 404);
}

TEST_F(ThingTypes, AreListed) {
  for (int i = 0; i < 5; ++i) world.must("POST", fmt::format("/thing-types/t{}", i), "{}");
  EXPECT_THAT(world.follow("GET", "/thing-types", "thingTypes", false, 2).sizes,
              ElementsAre(2, 2, 1));
  EXPECT_EQ(world.must("GET", "/thing-types?thingTypeName=t3").list("thingTypes").size(), 1U);
  EXPECT_EQ(world.must("GET", "/thing-types?thingTypeName=u").list("thingTypes").size(), 0U);
}

struct ThingGroups : testing::Test {
  ControlApiWorld world;

  void group(const std::string& name, const std::string& parent = "") {
    world.must("POST", "/thing-groups/" + name,
               parent.empty() ? "{}" : R"({"parentGroupName":")" + parent + "\"}");
  }
  static std::string membership(const std::string& thing, const std::string& group) {
    return R"({"thingName":")" + thing + R"(","thingGroupName":")" + group + "\"}";
  }
  void add(const std::string& thing, const std::string& group) {
    world.must("PUT", "/thing-groups/addThingToThingGroup", membership(thing, group));
  }
  std::vector<std::string> names(const std::string& query) {
    std::vector<std::string> out;
    for (const std::string& element :
         world.follow("GET", "/thing-groups" + query, "thingGroups", false, 2).elements) {
      out.emplace_back(encoding::parse_json(element)->at("groupName").as_string());
    }
    return out;
  }
};

TEST_F(ThingGroups, AreCreatedDescribedAndIdempotent) {
  group("root");
  group("middle", "root");
  const std::string body =
      R"({"parentGroupName":"middle","thingGroupProperties":{"thingGroupDescription":"d","attributePayload":{"attributes":{"a":"1"}}}})";
  const Reply created = world.must("POST", "/thing-groups/leaf", body);
  EXPECT_EQ(created.text("thingGroupArn"), "arn:aws:iot:us-east-1:000000000000:thinggroup/leaf");
  EXPECT_EQ(world.must("POST", "/thing-groups/leaf", body).text("thingGroupId"),
            created.text("thingGroupId"));
  const Reply leaf = world.must("GET", "/thing-groups/leaf");
  EXPECT_EQ(leaf.body.at("version"), 1);
  EXPECT_EQ(leaf.body.at("thingGroupProperties").at("thingGroupDescription"), "d");
  const auto& metadata = leaf.body.at("thingGroupMetadata").as_object();
  EXPECT_EQ(metadata.at("parentGroupName"), "middle");
  ASSERT_EQ(metadata.at("rootToParentThingGroups").as_array().size(), 2U);
  EXPECT_EQ(metadata.at("rootToParentThingGroups").at(0).at("groupName"), "root");
  EXPECT_EQ(world.call("POST", "/thing-groups/leaf", "{}").error, kExists);
}

TEST_F(ThingGroups, AreSevenLevelsDeepAndAHundredWide) {
  group("l1");
  for (int i = 2; i <= 7; ++i) group(fmt::format("l{}", i), fmt::format("l{}", i - 1));
  for (int i = 0; i < 99; ++i) group(fmt::format("c{}", i), "l1");
  expect_refusals(
      world, {{"eighth level", "POST", "/thing-groups/x", R"({"parentGroupName":"l7"})", 400,
               kInvalid, "7 levels"},
              {"hundred and first child", "POST", "/thing-groups/x", R"({"parentGroupName":"l1"})",
               400, kInvalid, "100 children"},
              {"no parent", "POST", "/thing-groups/x", R"({"parentGroupName":"none"})", 400,
               kInvalid, "\"none\""},
              {"attribute", "POST", "/thing-groups/x",
               R"({"thingGroupProperties":{"attributePayload":{"attributes":{"a b":"1"}}}})", 400,
               kInvalid, "a b"},
              {"payload is text", "POST", "/thing-groups/x",
               R"({"thingGroupProperties":{"attributePayload":"a"}})", 400, kInvalid, "object"},
              {"unknown", "GET", "/thing-groups/x", "", 404, kNotFound, "\"x\""}});
}

TEST_F(ThingGroups, AreUpdated) {
  group("g");
  const Reply updated =
      world.must("PATCH", "/thing-groups/g",
                 R"({"thingGroupProperties":{"thingGroupDescription":"new"},"expectedVersion":1})");
  EXPECT_EQ(updated.body.at("version"), 2);
  expect_refusals(world, {{"another version", "PATCH", "/thing-groups/g",
                           R"({"thingGroupProperties":{},"expectedVersion":1})", 409,
                           "VersionConflictException", "thing group g"},
                          {"nothing to update", "PATCH", "/thing-groups/g", "{}", 400, kInvalid,
                           "thingGroupProperties"},
                          {"unknown", "PATCH", "/thing-groups/h", R"({"thingGroupProperties":{}})",
                           404, kNotFound, "\"h\""}});
}

TEST_F(ThingGroups, AreDeletedWithMembersAndPolicies) {
  group("g");
  group("child", "g");
  expect_refusals(world, {{"children", "DELETE", "/thing-groups/g", "", 400, kInvalid, "child"},
                          {"version", "DELETE", "/thing-groups/child?expectedVersion=2", "", 409,
                           "VersionConflictException", "child"}});
  world.must("POST", "/things/t", "{}");
  add("t", "child");
  world.make_policy("p");
  world.must("PUT", "/target-policies/p",
             R"({"target":"arn:aws:iot:us-east-1:000000000000:thinggroup/child"})");
  world.must("DELETE", "/thing-groups/child?expectedVersion=1");
  world.must("DELETE", "/thing-groups/child");
  group("child");
  EXPECT_TRUE(world.must("GET", "/thing-groups/child/things").list("things").empty());
  EXPECT_TRUE(world.must("POST", "/policy-targets/p").list("targets").empty());
}

TEST_F(ThingGroups, AreListedByParentPrefixAndDepth) {
  group("a");
  group("a1", "a");
  group("a11", "a1");
  group("b");
  group("b1", "b");
  EXPECT_THAT(names(""), ElementsAre("a", "a1", "a11", "b", "b1"));
  EXPECT_THAT(names("?recursive=false"), ElementsAre("a", "b"));
  EXPECT_THAT(names("?parentGroup=a"), ElementsAre("a1", "a11"));
  EXPECT_THAT(names("?parentGroup=a&recursive=false"), ElementsAre("a1"));
  EXPECT_THAT(names("?namePrefixFilter=b"), ElementsAre("b", "b1"));
  expect_refusals(world, {{"unknown parent", "GET", "/thing-groups?parentGroup=x", "", 404,
                           kNotFound, "\"x\""}});
}

TEST_F(ThingGroups, HoldThingsOncePerHierarchy) {
  group("root");
  group("left", "root");
  group("right", "root");
  world.must("POST", "/things/t", "{}");
  add("t", "left");
  add("t", "left");
  expect_refusals(world, {{"same hierarchy", "PUT", "/thing-groups/addThingToThingGroup",
                           membership("t", "right"), 400, kInvalid, "\"left\""},
                          {"above", "PUT", "/thing-groups/addThingToThingGroup",
                           membership("t", "root"), 400, kInvalid, "hierarchy"}});
  EXPECT_EQ(world.must("GET", "/things/t/thing-groups").list("thingGroups")[0].at("groupName"),
            "left");
  world.must("PUT", "/thing-groups/removeThingFromThingGroup", membership("t", "left"));
  world.must("PUT", "/thing-groups/removeThingFromThingGroup", membership("t", "left"));
  add("t", "right");
}

TEST_F(ThingGroups, HoldAThingTenTimesAtMost) {
  world.must("POST", "/things/t", "{}");
  for (int i = 0; i < 11; ++i) group(fmt::format("g{}", i));
  for (int i = 0; i < 10; ++i) add("t", fmt::format("g{}", i));
  expect_refusals(world, {{"eleventh", "PUT", "/thing-groups/addThingToThingGroup",
                           membership("t", "g10"), 400, kInvalid, "10 groups"}});
  const auto groups = world.follow("GET", "/things/t/thing-groups", "thingGroups", false, 4);
  EXPECT_THAT(groups.sizes, ElementsAre(4, 4, 2));
}

TEST_F(ThingGroups, AreJoinedAndLeftInOneStep) {
  const std::string path = "/thing-groups/updateThingGroupsForThing";
  for (const char* root : {"r", "s"}) group(root);
  group("r-1", "r");
  group("r-2", "r");
  world.must("POST", "/things/t", "{}");
  add("t", "r-1");
  const auto groups = [&] {
    std::vector<std::string> out;
    const Reply reply = world.must("GET", "/things/t/thing-groups");
    for (const json::value& g : reply.list("thingGroups"))
      out.emplace_back(g.at("groupName").as_string());
    return out;
  };
  world.must(
      "PUT", path,
      R"({"thingName":"t","thingGroupsToAdd":["r-2","s","s"],"thingGroupsToRemove":["r-1","r"]})");
  EXPECT_THAT(groups(), ElementsAre("r-2", "s"));
  EXPECT_EQ(world.events().back().thing, "t");
  EXPECT_THAT(world.events().back().detail, HasSubstr(R"("joined":["r-2","s"],"left":["r-1"])"));
  const std::size_t events = world.events().size();
  world.must("PUT", path,
             R"({"thingName":"t","thingGroupsToAdd":["s"],"thingGroupsToRemove":["r"]})");
  world.must("PUT", path, R"({"thingName":"t"})");
  EXPECT_EQ(world.events().size(), events);
  std::string many = "\"s\"";
  for (int i = 0; i < 100; ++i) many += ",\"s\"";
  expect_refusals(
      world,
      {{"same hierarchy", "PUT", path,
        R"({"thingName":"t","thingGroupsToAdd":["r-1"],"thingGroupsToRemove":["s"]})", 400,
        kInvalid, "same hierarchy"},
       {"added and removed", "PUT", path,
        R"({"thingName":"t","thingGroupsToAdd":["s"],"thingGroupsToRemove":["s"]})", 400, kInvalid,
        "name it once"},
       {"unknown group", "PUT", path, R"({"thingName":"t","thingGroupsToAdd":["nope"]})", 404,
        kNotFound, "nope"},
       {"unknown group to leave", "PUT", path,
        R"({"thingName":"t","thingGroupsToRemove":["nope"]})", 404, kNotFound, "nope"},
       {"unknown thing", "PUT", path, R"({"thingName":"u","thingGroupsToAdd":["r"]})", 404,
        kNotFound, "u"},
       {"no thing", "PUT", path, R"({"thingGroupsToAdd":["r"]})", 400, kInvalid, "thingName"},
       {"group name", "PUT", path, R"({"thingName":"t","thingGroupsToAdd":["a b"]})", 400, kInvalid,
        "thingGroupsToAdd"},
       {"group is a number", "PUT", path, R"({"thingName":"t","thingGroupsToRemove":[1]})", 400,
        kInvalid, "must be text"},
       {"101 groups", "PUT", path, R"({"thingName":"t","thingGroupsToAdd":[)" + many + "]}", 400,
        kInvalid, "100"}});
  EXPECT_THAT(groups(), ElementsAre("r-2", "s"));
}

TEST_F(ThingGroups, TakeNamesOrArns) {
  group("g");
  world.must("POST", "/things/t", "{}");
  const std::string arns =
      R"({"thingArn":"arn:aws:iot:eu-west-1:000000000000:thing/t","thingGroupArn":"arn:aws:iot:us-east-1:000000000000:thinggroup/g"})";
  world.must("PUT", "/thing-groups/addThingToThingGroup", arns);
  EXPECT_EQ(world.must("GET", "/thing-groups/g/things").list("things").size(), 1U);
  const std::string path = "/thing-groups/addThingToThingGroup";
  expect_refusals(
      world,
      {{"name and ARN differ", "PUT", path,
        R"({"thingName":"u","thingArn":"arn:aws:iot:us-east-1:000000000000:thing/t","thingGroupName":"g"})",
        400, kInvalid, "different"},
       {"neither", "PUT", path, R"({"thingGroupName":"g"})", 400, kInvalid, "thingArn"},
       {"a group's ARN for a thing", "PUT", path,
        R"({"thingArn":"arn:aws:iot:us-east-1:000000000000:thinggroup/g","thingGroupName":"g"})",
        400, kInvalid, "thing/"},
       {"a bad name in an ARN", "PUT", path,
        R"({"thingArn":"arn:aws:iot:us-east-1:000000000000:thing/a b","thingGroupName":"g"})", 400,
        kInvalid, "a b"},
       {"unknown thing", "PUT", path, membership("u", "g"), 404, kNotFound, "\"u\""},
       {"unknown group", "PUT", path, membership("t", "h"), 404, kNotFound, "\"h\""},
       {"remove from an unknown group", "PUT", "/thing-groups/removeThingFromThingGroup",
        membership("t", "h"), 404, kNotFound, "\"h\""},
       {"things of an unknown group", "GET", "/thing-groups/h/things", "", 404, kNotFound, "\"h\""},
       {"groups of an unknown thing", "GET", "/things/u/thing-groups", "", 404, kNotFound,
        "\"u\""}});
}

TEST_F(ThingGroups, ListTheThingsOfAWholeBranch) {
  group("root");
  group("m", "root");
  group("z", "m");
  group("apart");
  std::vector<std::string> expected;
  for (int i = 0; i < 9; ++i) {
    const std::string thing = fmt::format("t{}", i);
    world.must("POST", "/things/" + thing, "{}");
    add(thing, i < 4 ? "z" : i < 6 ? "root" : i < 8 ? "m" : "apart");
    if (i < 8) expected.push_back("\"" + thing + "\"");
  }
  EXPECT_EQ(world.must("GET", "/thing-groups/root/things").list("things").size(), 2U);
  for (std::size_t size = 1; size <= 9; ++size) {
    const auto all =
        world.follow("GET", "/thing-groups/root/things?recursive=true", "things", false, size);
    EXPECT_THAT(all.elements, testing::UnorderedElementsAreArray(expected)) << size;
  }
}

TEST(DynamicThingGroups, HoldWhatTheirQueryFinds) {
  ControlApiWorld world;
  for (const char* name : {"hot-1", "hot-2", "cold"}) {
    world.must("POST", fmt::format("/things/{}", name),
               fmt::format(R"({{"attributePayload":{{"attributes":{{"t":"{}"}}}}}})",
                           std::string_view(name).starts_with("hot") ? "90" : "3"));
  }
  const std::string path = "/dynamic-thing-groups/hot";
  const std::string body =
      R"({"queryString":"attributes.t > 50","thingGroupProperties":{"thingGroupDescription":"d"}})";
  const Reply made = world.must("POST", path, body);
  EXPECT_EQ(made.text("indexName"), "AWS_Things");
  EXPECT_EQ(made.text("queryString"), "attributes.t > 50");
  EXPECT_EQ(made.text("queryVersion"), "2017-09-30");
  EXPECT_EQ(world.must("POST", path, body).text("thingGroupId"), made.text("thingGroupId"));
  const auto members = world.follow("GET", "/thing-groups/hot/things", "things", false, 1);
  EXPECT_EQ(members.elements, (std::vector<std::string>{"\"hot-1\"", "\"hot-2\""}));
  world.must("PATCH", "/things/cold", R"({"attributePayload":{"attributes":{"t":"51"}}})");
  EXPECT_EQ(world.must("GET", "/thing-groups/hot/things").list("things").size(), 3U);

  const Reply described = world.must("GET", "/thing-groups/hot");
  EXPECT_EQ(described.text("status"), "ACTIVE");
  EXPECT_EQ(described.text("queryString"), "attributes.t > 50");
  EXPECT_EQ(
      world.must("PATCH", path, R"({"queryString":"thingName:cold","thingGroupProperties":{}})")
          .body.at("version")
          .as_int64(),
      2);
  EXPECT_EQ(world.must("GET", "/thing-groups/hot/things").list("things").size(), 1U);
  world.must("DELETE", path + "?expectedVersion=2");
  world.must("DELETE", path);
  EXPECT_EQ(world.call("GET", "/thing-groups/hot").status, 404);
}

TEST(DynamicThingGroups, RefuseInModelledErrors) {
  ControlApiWorld world;
  world.must("POST", "/things/t");
  world.must("POST", "/things/u");
  world.must("POST", "/thing-groups/static");
  world.must("POST", "/dynamic-thing-groups/dynamic", R"({"queryString":"*"})");
  world.make_policy("p");
  const std::string path = "/dynamic-thing-groups/";
  const std::string token =
      world.must("GET", "/thing-groups/dynamic/things?maxResults=1").text("nextToken");
  world.must("PATCH", path + "dynamic", R"({"queryString":"t OR u","thingGroupProperties":{}})");
  expect_refusals(
      world,
      {{"no query", "POST", path + "x", "{}", 400, kInvalid, "queryString"},
       {"bad query", "POST", path + "x", R"({"queryString":"("})", 400, "InvalidQueryException",
        "character"},
       {"another index", "POST", path + "x", R"({"queryString":"a","indexName":"AWS_ThingGroups"})",
        404, "ResourceNotFoundException", "AWS_ThingGroups"},
       {"another version", "POST", path + "x", R"({"queryString":"a","queryVersion":"2"})", 400,
        kInvalid, "queryVersion"},
       {"another query", "POST", path + "dynamic", R"({"queryString":"b"})", 409,
        "ResourceAlreadyExistsException", "different"},
       {"a static one's name", "POST", path + "static", R"({"queryString":"b"})", 409,
        "ResourceAlreadyExistsException", "different"},
       {"bad new query", "PATCH", path + "dynamic",
        R"({"queryString":"(","thingGroupProperties":{}})", 400, "InvalidQueryException",
        "character"},
       {"update of none", "PATCH", path + "x", R"({"thingGroupProperties":{}})", 404,
        "ResourceNotFoundException", "not found"},
       {"update of a static one", "PATCH", path + "static", R"({"thingGroupProperties":{}})", 400,
        kInvalid, "static"},
       {"static update", "PATCH", "/thing-groups/dynamic", R"({"thingGroupProperties":{}})", 400,
        kInvalid, "dynamic"},
       {"wrong version", "PATCH", path + "dynamic",
        R"({"expectedVersion":1,"thingGroupProperties":{}})", 409, "VersionConflictException",
        "version"},
       {"deletion of a static one", "DELETE", path + "static", "", 400, kInvalid, "static"},
       {"static deletion", "DELETE", "/thing-groups/dynamic", "", 400, kInvalid, "dynamic"},
       {"adding", "PUT", "/thing-groups/addThingToThingGroup",
        R"({"thingGroupName":"dynamic","thingName":"t"})", 400, kInvalid, "dynamic"},
       {"adding with others", "PUT", "/thing-groups/updateThingGroupsForThing",
        R"({"thingGroupsToAdd":["dynamic"],"thingName":"t"})", 400, kInvalid, "dynamic"},
       {"removing with others", "PUT", "/thing-groups/updateThingGroupsForThing",
        R"({"thingGroupsToRemove":["dynamic"],"thingName":"t"})", 400, kInvalid, "dynamic"},
       {"removing", "PUT", "/thing-groups/removeThingFromThingGroup",
        R"({"thingGroupName":"dynamic","thingName":"t"})", 400, kInvalid, "dynamic"},
       {"a child", "POST", "/thing-groups/child", R"({"parentGroupName":"dynamic"})", 400, kInvalid,
        "dynamic"},
       {"a policy", "PUT", "/target-policies/p",
        R"({"target":"arn:aws:iot:us-east-1:000000000000:thinggroup/dynamic"})", 400, kInvalid,
        "dynamic"},
       {"a template", "POST", "/things",
        R"({"templateBody":"{\"Resources\":{\"t\":{\"Type\":\"AWS::IoT::Thing\",)"
        R"(\"Properties\":{\"ThingName\":\"n\",\"ThingGroups\":[\"dynamic\"]}}}}"})",
        400, "ResourceRegistrationFailureException", "dynamic"},
       {"a token of the query before", "GET",
        "/thing-groups/dynamic/things?nextToken=" + encoding::percent_encode(token), "", 400,
        kInvalid, "same queryString"}});
}

TEST(DynamicThingGroups, AreMadeOnlyWhileThingsAreIndexed) {
  ControlApiWorld world;
  const auto set_indexing = [&](std::string_view mode) {
    world.must(
        "POST", "/indexing/config",
        fmt::format(R"({{"thingIndexingConfiguration":{{"thingIndexingMode":"{}"}}}})", mode));
  };
  world.must("POST", "/dynamic-thing-groups/before", R"({"queryString":"*"})");
  set_indexing("OFF");
  expect_refusals(world, {{"indexing is off", "POST", "/dynamic-thing-groups/x",
                           R"({"queryString":"*"})", 400, kInvalid, "thingIndexingMode=REGISTRY"}});
  EXPECT_EQ(world.call("GET", "/thing-groups/x").status, 404);
  world.must("DELETE", "/dynamic-thing-groups/before");
  set_indexing("REGISTRY");
  world.must("POST", "/dynamic-thing-groups/x", R"({"queryString":"*"})");
}

TEST(DynamicThingGroups, AreAHundredAtMost) {
  ControlApiWorld world;
  const std::string body = R"({"queryString":"*"})";
  for (int i = 0; i < 100; ++i)
    world.must("POST", fmt::format("/dynamic-thing-groups/g{}", i), body);
  expect_refusals(world, {{"one more", "POST", "/dynamic-thing-groups/g100", body, 410,
                           "LimitExceededException", "100"}});
  world.must("DELETE", "/dynamic-thing-groups/g7");
  world.must("POST", "/dynamic-thing-groups/g100", body);
}

}  // namespace
}  // namespace imprint::control_api
