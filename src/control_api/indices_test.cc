// SPDX-License-Identifier: Apache-2.0
#include "control_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

class Indices : public testing::Test {
 protected:
  Indices() {
    world.must("POST", "/thing-types/Pump");
    world.must("POST", "/thing-groups/hall");
    for (int i = 0; i < 5; ++i) {
      world.must("POST", fmt::format("/things/pump-{}", i),
                 fmt::format(R"({{"thingTypeName":"Pump","attributePayload":{{"attributes":)"
                             R"({{"temperature":"{}","site":"north"}}}}}})",
                             i * 10));
    }
    world.must("POST", "/things/valve");
    world.must("PUT", "/thing-groups/addThingToThingGroup",
               R"({"thingGroupName":"hall","thingName":"pump-1"})");
  }
  static std::string body(std::string_view query, json::object more = {}) {
    more["queryString"] = query;
    return encoding::to_json(more);
  }
  std::vector<std::string> found(std::string_view query, std::int64_t page_size = 100) {
    std::vector<std::string> names;
    json::object more{{"maxResults", page_size}};
    while (true) {
      const Reply reply = world.must("POST", "/indices/search", body(query, more));
      EXPECT_LE(reply.list("things").size(), static_cast<std::size_t>(page_size));
      for (const auto& thing : reply.list("things"))
        names.emplace_back(thing.at("thingName").as_string());
      if (!reply.body.contains("nextToken")) return names;
      more["nextToken"] = reply.text("nextToken");
    }
  }
  ControlApiWorld world;
};

TEST_F(Indices, FindThings) {
  EXPECT_THAT(found("thingName:pump-* AND attributes.temperature > 20"),
              ElementsAre("pump-3", "pump-4"));
  EXPECT_THAT(found("thingGroupNames:hall"), ElementsAre("pump-1"));
  EXPECT_EQ(found("*", 2).size(), 6U);
  EXPECT_EQ(found("*", 500).size(), 6U);
  EXPECT_EQ(found("thingTypeName:pump", 3).size(), 5U);
  const Reply reply =
      world.must("POST", "/indices/search",
                 body("pump-1", {{"indexName", "AWS_Things"}, {"queryVersion", "2017-09-30"}}));
  const json::object& thing = reply.list("things").at(0).as_object();
  EXPECT_EQ(thing.at("thingTypeName").as_string(), "Pump");
  EXPECT_EQ(encoding::to_json(thing.at("thingGroupNames")), R"(["hall"])");
  EXPECT_EQ(thing.at("attributes").at("temperature").as_string(), "10");
  EXPECT_EQ(thing.at("thingId").as_string().size(), 36U);
}

TEST_F(Indices, RefuseInModelledErrors) {
  const std::string token =
      world.must("POST", "/indices/search", body("*", {{"maxResults", 1}})).text("nextToken");
  ASSERT_FALSE(token.empty());
  const std::string search = "/indices/search";
  const std::string kInvalid = "InvalidRequestException";
  const std::string kNotFound = "ResourceNotFoundException";
  const auto indexing = [](std::string_view configuration) {
    return fmt::format(R"({{"thingIndexingConfiguration":{{{}}}}})", configuration);
  };
  expect_refusals(
      world,
      {{"no query", "POST", search, "{}", 400, kInvalid, "queryString"},
       {"empty query", "POST", search, body(""), 400, kInvalid, "queryString"},
       {"bad query", "POST", search, body("(a"), 400, "InvalidQueryException", "character 3"},
       {"shadows", "POST", search, body("shadow.reported.x:1"), 400, "InvalidQueryException",
        "not a field"},
       {"another index", "POST", search, body("*", {{"indexName", "AWS_ThingGroups"}}), 404,
        kNotFound, "AWS_ThingGroups"},
       {"another version", "POST", search, body("*", {{"queryVersion", "1"}}), 400, kInvalid,
        "2017-09-30"},
       {"no results", "POST", search, body("*", {{"maxResults", 0}}), 400, kInvalid, "maxResults"},
       {"too many results", "POST", search, body("*", {{"maxResults", 501}}), 400, kInvalid,
        "maxResults"},
       {"another query's token", "POST", search, body("pump*", {{"nextToken", token}}), 400,
        kInvalid, "same queryString"},
       {"no token of ours", "POST", search, body("*", {{"nextToken", "abc"}}), 400, kInvalid,
        "SearchIndex"},
       {"unknown index", "GET", "/indices/AWS_Nothing", "", 404, kNotFound, "AWS_Nothing"},
       {"shadow indexing", "POST", "/indexing/config",
        indexing(R"("thingIndexingMode":"REGISTRY_AND_SHADOW")"), 400, kInvalid, "shadows"},
       {"no mode", "POST", "/indexing/config", indexing(""), 400, kInvalid, "thingIndexingMode"},
       {"connectivity", "POST", "/indexing/config",
        indexing(R"("thingIndexingMode":"REGISTRY","thingConnectivityIndexingMode":"STATUS")"), 400,
        kInvalid, "not available"},
       {"custom fields", "POST", "/indexing/config",
        indexing(R"("thingIndexingMode":"REGISTRY","customFields":[{"name":"a","type":"String"}])"),
        400, kInvalid, "customFields"},
       {"groups", "POST", "/indexing/config",
        R"({"thingGroupIndexingConfiguration":{"thingGroupIndexingMode":"ON"}})", 400, kInvalid,
        "not indexed"}});
}

TEST_F(Indices, CanBeTurnedOffAndOn) {
  EXPECT_EQ(world.must("GET", "/indices/AWS_Things").text("indexStatus"), "ACTIVE");
  EXPECT_EQ(world.must("GET", "/indices").list("indexNames").size(), 1U);
  const Reply before = world.must("GET", "/indexing/config");
  // Clients may send back what they have read.
  world.must("POST", "/indexing/config", encoding::to_json(before.body));
  const std::size_t events = world.events().size();
  world.must("POST", "/indexing/config",
             R"({"thingIndexingConfiguration":{"thingIndexingMode":"OFF"}})");
  EXPECT_EQ(world.events().size(), events + 1);
  EXPECT_EQ(world.must("GET", "/indexing/config")
                .body.at("thingIndexingConfiguration")
                .at("thingIndexingMode")
                .as_string(),
            "OFF");
  EXPECT_EQ(world.must("GET", "/indices").list("indexNames").size(), 0U);
  expect_refusals(world, {{"search", "POST", "/indices/search", body("*"), 400,
                           "IndexNotReadyException", "update-indexing-configuration"},
                          {"describe", "GET", "/indices/AWS_Things", "", 404,
                           "ResourceNotFoundException", "AWS_Things"}});
  world.must("POST", "/indexing/config",
             R"({"thingIndexingConfiguration":{"thingIndexingMode":"REGISTRY"}})");
  EXPECT_EQ(found("*").size(), 6U);
}

}  // namespace
}  // namespace imprint::control_api
