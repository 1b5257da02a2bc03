// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

const std::string kPrefix = "arn:aws:iot:us-east-1:000000000000:";

struct Tagging : testing::Test {
  ControlApiWorld world;

  static json::array tags(std::initializer_list<std::pair<std::string, std::string>> pairs) {
    json::array out;
    for (const auto& [key, value] : pairs)
      out.emplace_back(json::object{{"Key", key}, {"Value", value}});
    return out;
  }
  static std::string request(const std::string& arn, const json::array& tags) {
    return encoding::to_json(json::object{{"resourceArn", arn}, {"tags", tags}});
  }
  static std::string removal(const std::string& arn, const json::array& keys) {
    return encoding::to_json(json::object{{"resourceArn", arn}, {"tagKeys", keys}});
  }
  std::string list(const std::string& arn) {
    return encoding::to_json(
        world.must("GET", "/tags?resourceArn=" + encoding::percent_encode(arn)).body.at("tags"));
  }
};

/// One of each resource that takes tags: how it is created with tags, and how it is deleted.
struct Taggable {
  std::string arn;
  std::string path;
  json::object body;
  std::string erase;
};

struct TaggingOf : Tagging {
  test::Identity factory = test::make_root("Factory CA");
  std::string ca_id = factory.certificate.id().hex();
  std::vector<Taggable> resources = {
      {"policy/p",
       "/policies/p",
       {{"policyDocument",
         R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]})"}},
       "/policies/p"},
      {"provisioningtemplate/T",
       "/provisioning-templates",
       {{"templateName", "T"},
        {"templateBody",
         R"({"Resources":{"x":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"x"}}}})"},
        {"provisioningRoleArn", "arn:aws:iam::000000000000:role/Provisioning"}},
       "/provisioning-templates/T"},
      {"thingtype/t", "/thing-types/t", {}, "/thing-types/t"},
      {"thinggroup/g", "/thing-groups/g", {}, "/thing-groups/g"},
      {"cacert/" + ca_id,
       "/cacertificate",
       {{"caCertificate", factory.certificate.pem()}, {"certificateMode", "SNI_ONLY"}},
       "/cacertificate/" + ca_id}};

  void create(Taggable resource, const json::array& with) {
    if (!with.empty()) resource.body["tags"] = with;
    world.must("POST", resource.path, encoding::to_json(resource.body));
  }
};

TEST_F(TaggingOf, EveryResourceLivesAndDiesWithIt) {
  for (const Taggable& resource : resources) {
    const std::string arn = kPrefix + resource.arn;
    create(resource, tags({{"site", "hall 1"}, {"cost", ""}}));
    EXPECT_EQ(list(arn), R"([{"Key":"cost","Value":""},{"Key":"site","Value":"hall 1"}])") << arn;
    world.must("POST", "/tags", request(arn, tags({{"site", "hall 2"}, {"größe", "5µ"}})));
    EXPECT_EQ(world.events().back().step, "tag_resource");
    EXPECT_THAT(world.events().back().detail, HasSubstr(resource.arn));
    world.must("POST", "/untag", removal(arn, {"cost", "unknown"}));
    EXPECT_EQ(list(arn), R"([{"Key":"größe","Value":"5µ"},{"Key":"site","Value":"hall 2"}])")
        << arn;
    if (resource.arn == "thingtype/t") world.must("POST", "/thing-types/t/deprecate", "{}");
    world.must("DELETE", resource.erase);
    EXPECT_EQ(world.call("GET", "/tags?resourceArn=" + encoding::percent_encode(arn)).status, 404);
    create(resource, {});
    EXPECT_EQ(list(arn), "[]") << arn << " keeps the tags of the one before";
  }
}

TEST_F(TaggingOf, EveryCreationRefusesBadTags) {
  for (Taggable& resource : resources) {
    resource.body["tags"] = tags({{"aws:mine", "x"}});
    expect_refusals(world, {{resource.arn, "POST", resource.path, encoding::to_json(resource.body),
                             400, kInvalid, "reserved"}});
  }
}

TEST_F(TaggingOf, ARepeatedCreationWithOtherTagsIsAnotherResource) {
  for (const std::string path : {"/thing-types/t", "/thing-groups/g"}) {
    const auto body = [&](const json::array& with) {
      return encoding::to_json(json::object{{"tags", with}});
    };
    world.must("POST", path, body(tags({{"a", "1"}})));
    world.must("POST", path, body(tags({{"a", "1"}})));
    world.must("POST", path, "{}");
    expect_refusals(world, {{path, "POST", path, body(tags({{"a", "2"}})), 409,
                             "ResourceAlreadyExistsException", "different"}});
  }
}

TEST_F(Tagging, IsRefusedWithAReason) {
  world.must("POST", "/thing-groups/g", "{}");
  world.must("POST", "/things/x", "{}");
  const std::string certificate = world.make_certificate();
  const std::string arn = kPrefix + "thinggroup/g";
  const auto one = [&](json::value tag) { return request(arn, {std::move(tag)}); };
  expect_refusals(
      world,
      {{"no ARN", "POST", "/tags", request("g", tags({{"a", "b"}})), 400, kInvalid, "ARN"},
       {"another account", "POST", "/tags",
        request("arn:aws:iot:us-east-1:111111111111:thinggroup/g", tags({{"a", "b"}})), 400,
        kInvalid, "000000000000"},
       {"no taggable type", "POST", "/tags", request(kPrefix + "index/x", tags({{"a", "b"}})), 400,
        kInvalid, "thing group"},
       {"a thing", "POST", "/tags", request(kPrefix + "thing/x", tags({{"a", "b"}})), 400, kInvalid,
        "takes no tags"},
       {"a certificate", "POST", "/tags", request(certificate, tags({{"a", "b"}})), 400, kInvalid,
        "takes no tags"},
       {"unknown group", "POST", "/tags", request(kPrefix + "thinggroup/h", tags({{"a", "b"}})),
        404, kNotFound, "thinggroup/h"},
       {"unknown policy", "POST", "/untag", removal(kPrefix + "policy/p", {"a"}), 404, kNotFound,
        "policy/p"},
       {"unknown type", "GET",
        "/tags?resourceArn=" + encoding::percent_encode(kPrefix + "thingtype/t"), "", 404,
        kNotFound, "thingtype/t"},
       {"no resource", "GET", "/tags", "", 400, kInvalid, "resourceArn"},
       {"no tags", "POST", "/tags", R"({"resourceArn":")" + arn + "\"}", 400, kInvalid, "tags"},
       {"no object", "POST", "/tags", one("a"), 400, kInvalid, "Key and Value"},
       {"no key", "POST", "/tags", one(json::object{{"Value", "b"}}), 400, kInvalid, "Key"},
       {"empty key", "POST", "/tags", request(arn, tags({{"", "b"}})), 400, kInvalid, "tags.Key"},
       {"long key", "POST", "/tags", request(arn, tags({{std::string(129, 'a'), "b"}})), 400,
        kInvalid, "128"},
       {"long value", "POST", "/tags", request(arn, tags({{"a", std::string(257, 'b')}})), 400,
        kInvalid, "256"},
       {"value is a number", "POST", "/tags", one(json::object{{"Key", "a"}, {"Value", 1}}), 400,
        kInvalid, "must be text"},
       {"key with a line feed", "POST", "/tags", request(arn, tags({{"a\nb", ""}})), 400, kInvalid,
        "tags.Key"},
       {"reserved", "POST", "/tags", request(arn, tags({{"AWS:x", ""}})), 400, kInvalid, "aws:"},
       {"reserved to remove", "POST", "/untag", removal(arn, {"aws:x"}), 400, kInvalid, "aws:"},
       {"key to remove is a number", "POST", "/untag", removal(arn, {1}), 400, kInvalid, "text"},
       {"twice", "POST", "/tags", request(arn, tags({{"a", "1"}, {"a", "2"}})), 400, kInvalid,
        "twice"},
       {"a token of nobody", "GET",
        "/tags?nextToken=eA%3D%3D&resourceArn=" + encoding::percent_encode(arn), "", 400, kInvalid,
        "nextToken"}});
}

TEST_F(Tagging, LeavesNoTagsOnAResourceDeletedConcurrently) {
  world.must("POST", "/thing-groups/g", "{}");
  const std::string arn = kPrefix + "thinggroup/g";
  world.store.before_commit([&] { world.must("DELETE", "/thing-groups/g"); });
  const auto reply = world.call("POST", "/tags", request(arn, tags({{"a", "1"}})));
  EXPECT_EQ(reply.error, kNotFound) << reply.message();
  world.must("POST", "/thing-groups/g", "{}");
  EXPECT_EQ(list(arn), "[]");
}

TEST_F(Tagging, KeepsTagsAddedConcurrently) {
  world.must("POST", "/thing-groups/g", "{}");
  const std::string arn = kPrefix + "thinggroup/g";
  world.store.before_commit([&] { world.must("POST", "/tags", request(arn, tags({{"b", "2"}}))); });
  world.must("POST", "/tags", request(arn, tags({{"a", "1"}})));
  EXPECT_EQ(list(arn), R"([{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}])");
}

TEST_F(Tagging, EndsAtFifty) {
  world.must("POST", "/thing-groups/g", "{}");
  const std::string arn = kPrefix + "thinggroup/g";
  json::array fifty;
  for (int i = 0; i < 50; ++i) fifty.emplace_back(json::object{{"Key", fmt::format("k{}", i)}});
  world.must("POST", "/tags", request(arn, fifty));
  world.must("POST", "/tags", request(arn, tags({{"k1", "changed"}})));
  expect_refusals(world, {{"fifty-first", "POST", "/tags", request(arn, tags({{"a", ""}})), 410,
                           "LimitExceededException", "51"}});
  fifty.emplace_back(json::object{{"Key", "a"}});
  expect_refusals(world,
                  {{"51 at once", "POST", "/tags", request(arn, fifty), 400, kInvalid, "50"}});
}

TEST_F(Tagging, WithoutAChangeRecordsNoEvent) {
  world.must("POST", "/thing-groups/g", R"({"tags":[{"Key":"a","Value":"1"}]})");
  world.must("POST", "/things/x", "{}");
  const std::string arn = kPrefix + "thinggroup/g";
  const std::size_t before = world.events().size();
  world.must("POST", "/tags", request(arn, tags({{"a", "1"}})));
  world.must("POST", "/untag", removal(arn, {"b"}));
  EXPECT_EQ(list(kPrefix + "thing/x"), "[]");
  EXPECT_EQ(world.events().size(), before);
  world.must("POST", "/untag", removal(arn, {"a"}));
  EXPECT_EQ(list(arn), "[]");
  world.must("POST", "/tags", request(arn, tags({{"b", "2"}})));
  EXPECT_EQ(list(arn), R"([{"Key":"b","Value":"2"}])");
}

}  // namespace
}  // namespace imprint::control_api
