// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;
using testing::IsEmpty;

const std::string kPrefix = "arn:aws:iot:us-east-1:000000000000:";

struct DeviceRights : testing::Test {
  ControlApiWorld world;
  std::string device = world.make_certificate(true);

  static std::string text(const json::object& body) { return encoding::to_json(body); }
  static json::object statement(const std::string& effect, const std::string& action,
                                const std::string& resource) {
    return {{"Effect", effect}, {"Action", action}, {"Resource", kPrefix + resource}};
  }
  void policy(const std::string& name, const json::array& statements) {
    const json::object document{{"Version", "2012-10-17"}, {"Statement", statements}};
    world.must("POST", "/policies/" + name, text({{"policyDocument", text(document)}}));
  }
  void attach(const std::string& name, const std::string& target) {
    world.must("PUT", "/target-policies/" + name, text({{"target", target}}));
  }
  void group(const std::string& name, const std::string& parent = "") {
    world.must("POST", "/thing-groups/" + name,
               parent.empty() ? "{}" : text({{"parentGroupName", parent}}));
  }
  void thing(const std::string& name, const std::string& group) {
    world.must("POST", "/things/" + name, "{}");
    world.must("PUT", "/thing-groups/addThingToThingGroup",
               text({{"thingName", name}, {"thingGroupName", group}}));
  }
  void attach_thing(const std::string& name) {
    world.must("PUT", "/things/" + name + "/principals", "", {{"x-amzn-principal", device}});
  }
  static std::vector<std::string> names(const json::array& policies) {
    std::vector<std::string> out;
    for (const json::value& policy : policies)
      out.emplace_back(policy.at("policyName").as_string());
    return out;
  }
  std::vector<std::string> attached(const std::string& target, bool recursive) {
    return names(world
                     .must("POST", fmt::format("/attached-policies/{}?recursive={}",
                                               encoding::percent_encode(target), recursive))
                     .list("policies"));
  }
  std::vector<std::string> effective(const json::object& body, const std::string& query = "") {
    return names(
        world.must("POST", "/effective-policies" + query, text(body)).list("effectivePolicies"));
  }
  static json::object info(const std::string& action, std::vector<std::string> resources) {
    json::array arns;
    for (const std::string& resource : resources) arns.emplace_back(kPrefix + resource);
    return {{"actionType", action}, {"resources", std::move(arns)}};
  }
  json::object ask(const json::object& info, json::object more = {},
                   const std::string& query = "") {
    more["principal"] = device;
    more["authInfos"] = json::array{info};
    return world.must("POST", "/test-authorization" + query, text(more))
        .list("authResults")
        .at(0)
        .as_object();
  }
  std::string decision(const json::object& info, json::object more = {},
                       const std::string& query = "") {
    return std::string(ask(info, std::move(more), query).at("authDecision").as_string());
  }
};

TEST_F(DeviceRights, PoliciesReachACertificateThroughTheGroupsOfItsThings) {
  for (const char* name : {"own", "of-hall", "of-site", "of-other"})
    policy(name, {statement("Allow", "iot:Connect", "client/*")});
  group("site");
  group("hall", "site");
  group("other");
  thing("t", "hall");
  attach("own", device);
  attach("of-hall", kPrefix + "thinggroup/hall");
  attach("of-site", kPrefix + "thinggroup/site");
  attach("of-other", kPrefix + "thinggroup/other");
  EXPECT_THAT(attached(device, true), ElementsAre("own"));
  EXPECT_THAT(effective({{"principal", device}}), ElementsAre("own"));
  EXPECT_THAT(effective({{"principal", device}}, "?thingName=t"),
              ElementsAre("of-hall", "of-site", "own"));
  EXPECT_THAT(effective({}, "?thingName=t"), ElementsAre("of-hall", "of-site"));
  attach_thing("t");
  EXPECT_THAT(attached(device, false), ElementsAre("own"));
  EXPECT_THAT(attached(device, true), ElementsAre("of-hall", "of-site", "own"));
  EXPECT_THAT(attached(kPrefix + "thinggroup/hall", true), ElementsAre("of-hall", "of-site"));
  EXPECT_THAT(attached(kPrefix + "thinggroup/hall", false), ElementsAre("of-hall"));
  EXPECT_THAT(effective({{"principal", device}}), ElementsAre("of-hall", "of-site", "own"))
      << "each has an effect under some client id";
  EXPECT_THAT(effective({{"principal", device}}, "?thingName=t"),
              ElementsAre("of-hall", "of-site", "own"));
  const auto pages = world.follow(
      "POST", "/attached-policies/" + encoding::percent_encode(device) + "?recursive=true",
      "policies", true, 2);
  EXPECT_THAT(pages.sizes, ElementsAre(2, 1));
}

TEST_F(DeviceRights, PoliciesOfGroupsAllowForTheirThingsNameAndDenyForAll) {
  policy("own", {statement("Allow", "iot:Connect", "client/*")});
  policy("of-one", {statement("Allow", "iot:Publish", "topic/one/*")});
  policy("of-two", {statement("Allow", "iot:Publish", "topic/two/*"),
                    statement("Deny", "iot:Publish", "topic/*/secret")});
  group("site");
  group("hall", "site");
  group("other");
  thing("one", "hall");
  thing("two", "other");
  attach("own", device);
  attach("of-one", kPrefix + "thinggroup/site");
  attach("of-two", kPrefix + "thinggroup/other");
  attach_thing("one");
  attach_thing("two");
  EXPECT_THAT(effective({{"principal", device}}, "?thingName=one"),
              ElementsAre("of-one", "of-two", "own"))
      << "the Deny of the other thing's group has an effect, too";
  EXPECT_THAT(effective({{"principal", device}}, "?thingName=two"), ElementsAre("of-two", "own"));
  EXPECT_THAT(effective({{"principal", device}}), ElementsAre("of-one", "of-two", "own"));
  const auto may = [&](const std::string& client, const std::string& topic) {
    return decision(info("PUBLISH", {"topic/" + topic}), {}, "?clientId=" + client);
  };
  EXPECT_EQ(may("one", "one/x"), "ALLOWED");
  EXPECT_EQ(may("one", "two/x"), "IMPLICIT_DENY");
  EXPECT_EQ(may("two", "two/x"), "ALLOWED");
  EXPECT_EQ(may("any", "one/x"), "IMPLICIT_DENY");
  for (const char* client : {"one", "two", "any"})
    EXPECT_EQ(may(client, "one/secret"), "EXPLICIT_DENY") << client;
  const json::object result = ask(info("PUBLISH", {"topic/one/secret"}), {}, "?clientId=one");
  EXPECT_THAT(names(result.at("denied").at("explicitDeny").at("policies").as_array()),
              ElementsAre("of-two"));
}

TEST_F(DeviceRights, TimeIsTheMomentOfTheQuestion) {
  const auto with = [](const std::string& effect, const std::string& key, const std::string& op,
                       const std::string& value) {
    json::object out = statement(effect, "iot:Publish", "topic/*");
    out["Condition"] = json::object{{op, json::object{{key, value}}}};
    return out;
  };
  policy("ended", {with("Allow", "aws:CurrentTime", "DateLessThan", "2000-01-01T00:00:00Z")});
  policy("begun", {with("Allow", "aws:EpochTime", "NumericGreaterThan", "1")});
  policy("denied", {with("Deny", "aws:CurrentTime", "DateGreaterThan", "2000-01-01T00:00:00Z")});
  const json::object asked = info("PUBLISH", {"topic/x"});
  EXPECT_EQ(decision(asked, {{"policyNamesToAdd", {"ended"}}}), "IMPLICIT_DENY");
  EXPECT_EQ(decision(asked, {{"policyNamesToAdd", {"begun"}}}), "ALLOWED");
  EXPECT_EQ(decision(asked, {{"policyNamesToAdd", {"begun", "denied"}}}), "EXPLICIT_DENY");
}

TEST_F(DeviceRights, KeysThatTheQuestionCannotHaveAreNamed) {
  json::object from = statement("Deny", "iot:Publish", "topic/*");
  from["Condition"] = json::object{{"IpAddress", json::object{{"aws:SourceIp", "10.0.0.0/8"}}}};
  policy("p", {statement("Allow", "iot:Publish", "topic/*"), from});
  attach("p", device);
  const json::object result = ask(info("PUBLISH", {"topic/x"}));
  EXPECT_EQ(encoding::to_json(result.at("missingContextValues")), R"(["aws:SourceIp"])");
}

TEST_F(DeviceRights, EffectivePoliciesComeWithTheTextInForce) {
  policy("p", {statement("Allow", "iot:Connect", "client/old")});
  attach("p", device);
  const json::object document{
      {"Version", "2012-10-17"},
      {"Statement", json::array{statement("Allow", "iot:Connect", "client/new")}}};
  world.must("POST", "/policies/p/version?setAsDefault=true",
             text({{"policyDocument", text(document)}}));
  const Reply reply = world.must("POST", "/effective-policies", text({{"principal", device}}));
  const json::value& policy = reply.list("effectivePolicies").at(0);
  EXPECT_EQ(policy.at("policyArn").as_string(), kPrefix + "policy/p");
  EXPECT_EQ(policy.at("policyDocument").as_string(), text(document));
}

TEST_F(DeviceRights, IsTestedAsADeviceWouldBeJudged) {
  policy("allow", {statement("Allow", "iot:Connect", "client/${iot:Connection.Thing.ThingName}"),
                   statement("Allow", "iot:Publish", "topic/d/${iot:ClientId}/*"),
                   statement("Allow", "iot:Subscribe", "topicfilter/d/*"),
                   statement("Allow", "iot:Receive", "topic/d/*")});
  policy("deny", {statement("Deny", "iot:Publish", "topic/*/secret")});
  attach("allow", device);
  attach("deny", device);
  group("g");
  thing("t", "g");
  attach_thing("t");
  struct Row {
    std::string action;
    std::vector<std::string> resources;
    std::string query;
    std::string decision;
  };
  for (const Row& row :
       std::vector<Row>{{"CONNECT", {"client/t"}, "", "ALLOWED"},
                        {"CONNECT", {"client/u"}, "", "IMPLICIT_DENY"},
                        {"CONNECT", {"client/t", "client/u"}, "", "IMPLICIT_DENY"},
                        {"CONNECT", {"client/t"}, "?clientId=other", "IMPLICIT_DENY"},
                        {"PUBLISH", {"topic/d/t/a"}, "?clientId=t", "ALLOWED"},
                        {"PUBLISH", {"topic/d/t/a"}, "", "IMPLICIT_DENY"},
                        {"PUBLISH", {"topic/d/t/a"}, "?clientId=u", "IMPLICIT_DENY"},
                        {"PUBLISH", {"topic/d/t/secret"}, "?clientId=t", "EXPLICIT_DENY"},
                        {"PUBLISH",
                         {"topic/d/t/a", "topic/x", "topic/x/secret"},
                         "?clientId=t",
                         "EXPLICIT_DENY"},
                        {"SUBSCRIBE", {"topicfilter/d/#"}, "", "ALLOWED"},
                        {"SUBSCRIBE", {"topicfilter/$share/g/d/#"}, "", "ALLOWED"},
                        {"SUBSCRIBE", {"topicfilter/e/#"}, "", "IMPLICIT_DENY"},
                        {"RECEIVE", {"topic/d/x"}, "", "ALLOWED"},
                        {"RECEIVE", {"topic/e"}, "", "IMPLICIT_DENY"}}) {
    EXPECT_EQ(decision(info(row.action, row.resources), {}, row.query), row.decision)
        << row.action << " " << row.resources.front() << row.query;
  }
}

TEST_F(DeviceRights, TheAnswerNamesThePolicies) {
  policy("allow", {statement("Allow", "iot:Publish", "topic/*")});
  policy("deny", {statement("Deny", "iot:Publish", "topic/secret")});
  policy("silent", {statement("Allow", "iot:Connect", "client/*")});
  for (const char* name : {"allow", "deny", "silent"}) attach(name, device);
  const json::object asked = info("PUBLISH", {"topic/secret"});
  const json::object result = ask(asked);
  EXPECT_EQ(encoding::to_json(result.at("authInfo")), text(asked));
  EXPECT_THAT(names(result.at("allowed").at("policies").as_array()), ElementsAre("allow"));
  EXPECT_THAT(names(result.at("denied").at("explicitDeny").at("policies").as_array()),
              ElementsAre("deny"));
  EXPECT_THAT(names(result.at("denied").at("implicitDeny").at("policies").as_array()),
              ElementsAre("silent"));
  EXPECT_THAT(result.at("missingContextValues").as_array(), IsEmpty());
}

TEST_F(DeviceRights, TheAnswerNamesVariablesWithoutAValue) {
  policy("p", {statement("Allow", "iot:Publish", "topic/${iot:ClientId}")});
  attach("p", device);
  const json::object without = ask(info("PUBLISH", {"topic/c"}));
  EXPECT_EQ(encoding::to_json(without.at("missingContextValues")), R"(["iot:ClientId"])");
  const json::object with = ask(info("PUBLISH", {"topic/c"}), {}, "?clientId=c");
  EXPECT_EQ(encoding::to_json(with.at("missingContextValues")), "[]");
  EXPECT_EQ(with.at("authDecision"), "ALLOWED");
}

TEST_F(DeviceRights, AClientIdWithASlashHasAValueWhereItConnects) {
  policy("p", {statement("Allow", "iot:Connect", "client/${iot:ClientId}"),
               statement("Allow", "iot:Publish", "topic/${iot:ClientId}")});
  attach("p", device);
  const json::object connects = ask(info("CONNECT", {"client/a/b"}), {}, "?clientId=a%2Fb");
  EXPECT_EQ(connects.at("authDecision"), "ALLOWED");
  EXPECT_EQ(encoding::to_json(connects.at("missingContextValues")), "[]");
  const json::object publishes = ask(info("PUBLISH", {"topic/a/b"}), {}, "?clientId=a%2Fb");
  EXPECT_EQ(publishes.at("authDecision"), "IMPLICIT_DENY");
  EXPECT_EQ(encoding::to_json(publishes.at("missingContextValues")), R"(["iot:ClientId"])");
}

TEST_F(DeviceRights, TheDomainNameIsTheEndpoint) {
  json::object connects = statement("Allow", "iot:Connect", "client/*");
  connects["Condition"] =
      json::object{{"StringEquals", json::object{{"iot:DomainName", "iot.example.net"}}}};
  policy("p", {connects});
  attach("p", device);
  EXPECT_EQ(ask(info("CONNECT", {"client/a"})).at("authDecision"), "ALLOWED");
}

TEST_F(DeviceRights, PoliciesCanBeAddedAndLeftOutForAQuestion) {
  policy("attached", {statement("Deny", "iot:Publish", "topic/x")});
  policy("other", {statement("Allow", "iot:Publish", "topic/${iot:Certificate.Issuer.CommonName}"),
                   statement("Allow", "iot:Publish", "topic/x")});
  attach("attached", device);
  const json::object x = info("PUBLISH", {"topic/x"});
  EXPECT_EQ(decision(x), "EXPLICIT_DENY");
  EXPECT_EQ(decision(x, {{"policyNamesToAdd", {"other"}}}), "EXPLICIT_DENY");
  EXPECT_EQ(decision(x, {{"policyNamesToSkip", {"attached", "unknown"}}}), "IMPLICIT_DENY");
  EXPECT_EQ(decision(x, {{"policyNamesToAdd", {"other"}}, {"policyNamesToSkip", {"attached"}}}),
            "ALLOWED");
  EXPECT_EQ(decision(info("PUBLISH", {"topic/Issuing CA"}), {{"policyNamesToAdd", {"other"}}}),
            "ALLOWED");
  EXPECT_EQ(decision(x), "EXPLICIT_DENY") << "hypothetical policies are not kept";
}

TEST_F(DeviceRights, QuestionsAreRefusedWithAReason) {
  const std::string unknown = kPrefix + "cert/" + std::string(64, 'a');
  const std::string path = "/test-authorization";
  const auto with = [&](const json::object& info) {
    return text({{"principal", device}, {"authInfos", json::array{info}}});
  };
  const json::object fine = info("PUBLISH", {"topic/x"});
  json::array eleven;
  for (int i = 0; i < 11; ++i) eleven.emplace_back(fine);
  json::array names;
  for (int i = 0; i < 101; ++i) names.emplace_back("p");
  expect_refusals(
      world,
      {{"unknown certificate", "POST", path,
        text({{"principal", unknown}, {"authInfos", json::array{fine}}}), 404, kNotFound,
        "does not exist"},
       {"no principal", "POST", path, text({{"authInfos", json::array{fine}}}), 400, kInvalid,
        "principal"},
       {"no questions", "POST", path, text({{"principal", device}, {"authInfos", json::array()}}),
        400, kInvalid, "between 1 and 10"},
       {"eleven questions", "POST", path, text({{"principal", device}, {"authInfos", eleven}}), 400,
        kInvalid, "between 1 and 10"},
       {"a question is text", "POST", path, text({{"principal", device}, {"authInfos", {"a"}}}),
        400, kInvalid, "actionType"},
       {"no resources", "POST", path, with(info("PUBLISH", {})), 400, kInvalid, "resources"},
       {"no action", "POST", path, with({{"resources", {kPrefix + "topic/x"}}}), 400, kInvalid,
        "actionType"},
       {"unknown action", "POST", path, with(info("FLY", {"topic/x"})), 400, kInvalid,
        "PUBLISH, SUBSCRIBE"},
       {"resource of another action", "POST", path, with(info("CONNECT", {"topic/x"})), 400,
        kInvalid, "client"},
       {"resource is a topic", "POST", path,
        with({{"actionType", "PUBLISH"}, {"resources", {"topic"}}}), 400, kInvalid, "ARN"},
       {"resource is a number", "POST", path, with({{"actionType", "PUBLISH"}, {"resources", {1}}}),
        400, kInvalid, "must be text"},
       {"unknown policy", "POST", path,
        text({{"principal", device},
              {"authInfos", json::array{fine}},
              {"policyNamesToAdd", {"nope"}}}),
        404, kNotFound, "nope"},
       {"policy name", "POST", path,
        text({{"principal", device},
              {"authInfos", json::array{fine}},
              {"policyNamesToSkip", {"a b"}}}),
        400, kInvalid, "policyNamesToSkip"},
       {"too many policies", "POST", path,
        text(
            {{"principal", device}, {"authInfos", json::array{fine}}, {"policyNamesToAdd", names}}),
        410, "LimitExceededException", "101"},
       {"Cognito", "POST", path,
        text({{"cognitoIdentityPoolId", "x"}, {"authInfos", json::array{fine}}}), 400, kInvalid,
        "Cognito"},
       {"nobody's effective policies", "POST", "/effective-policies", "{}", 400, kInvalid,
        "give one"},
       {"effective policies of Cognito", "POST", "/effective-policies",
        text({{"cognitoIdentityPoolId", "x"}}), 400, kInvalid, "Cognito"},
       {"of an unknown certificate", "POST", "/effective-policies", text({{"principal", unknown}}),
        404, kNotFound, "does not exist"},
       {"of an unknown thing", "POST", "/effective-policies?thingName=nope", "{}", 404, kNotFound,
        "nope"},
       {"of no certificate", "POST", "/effective-policies", text({{"principal", "x"}}), 400,
        kInvalid, "principal"}});
}

}  // namespace
}  // namespace imprint::control_api
