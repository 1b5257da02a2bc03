// SPDX-License-Identifier: Apache-2.0
#include "rest/authorization.h"

#include "rest/router.h"
#include "test/support/control_api_world.h"

namespace imprint::rest {
namespace {

using namespace test::words;

const Operation& operation(const ControlApiWorld& world, std::string_view name) {
  const auto& rows = world.api.router().operations();
  const auto found = std::ranges::find(rows, name, &Operation::name);
  EXPECT_NE(found, rows.end()) << name;
  return found == rows.end() ? rows.front() : *found;
}

/// Signs the world's requests with a new access key of that role or policy.
Reply use_key(ControlApiWorld& world, const std::string& role, const std::string& document = "") {
  json::object body{{"name", "line 1"}};
  if (!role.empty()) body["role"] = role;
  if (!document.empty()) body["policyDocument"] = document;
  const Reply made = world.must("POST", "/imprint/v1/credentials", encoding::to_json(body));
  world.signer.access_key_id = made.text("accessKeyId");
  world.signer.secret = made.text("secretAccessKey");
  return made;
}

void use_root(ControlApiWorld& world) { world.signer = test::AwsSigner(); }

std::string allow(const std::string& action, const std::string& resource) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{}","Resource":"{}"}}]}})",
      action, resource);
}

TEST(Authorization, NamesActionsOfBothServices) {
  ControlApiWorld world;
  EXPECT_EQ(action_of(operation(world, "CreateThing")), "iot:CreateThing");
  EXPECT_EQ(action_of(operation(world, "CreateClaim")), "imprint:CreateClaim");
  EXPECT_THAT(
      known_actions(world.api.router()),
      testing::IsSupersetOf({"iot:CreateThing", "imprint:CreateCredential", "iot:CreateJob"}));
}

TEST(Authorization, NamesTheResourcesOfEveryOperation) {
  ControlApiWorld world;
  for (const Operation& row : world.api.router().operations()) {
    // AWS's reference has no resource for tasks; an index is named in the body.
    if (row.name.find("ThingRegistrationTask") != std::string_view::npos) {
      EXPECT_TRUE(row.resource.empty()) << row.name;
      continue;
    }
    const bool has_target = std::ranges::any_of(row.inputs, [](const InputInfo& input) {
      return input.required && (input.in == Location::path || input.name == "principal" ||
                                input.name == "templateName" || input.name == "resourceArn");
    });
    EXPECT_EQ(!row.resource.empty(),
              has_target || row.name.find("ThingToThingGroup") != std::string_view::npos ||
                  row.name.find("ThingFromThingGroup") != std::string_view::npos ||
                  row.name == "ListPolicyPrincipals" || row.name == "CreateClaim" ||
                  row.name == "SearchIndex" || row.name == "UpdateThingGroupsForThing" ||
                  row.name == "GetEffectivePolicies" || row.name == "TestAuthorization")
        << row.name;
  }
}

TEST(Authorization, ReadsResourcesFromNamesAndArns) {
  ControlApiWorld world;
  const std::string id(64, 'a');
  struct Row {
    std::string operation;
    std::vector<std::pair<std::string, json::value>> inputs;
    std::vector<std::string> expected;
  };
  const std::vector<Row> rows{
      {"CreateThing", {{"thingName", "a"}}, {"thing/a"}},
      {"ListThings", {}, {}},
      {"DescribeCertificate", {{"certificateId", json::string(id)}}, {"cert/" + id}},
      {"DescribeCertificate",
       {{"certificateId", json::string(std::string(64, 'A'))}},
       {"cert/" + id}},
      {"DescribeCACertificate",
       {{"certificateId", json::string(std::string(64, 'A'))}},
       {"cacert/" + id}},
      {"TagResource", {{"resourceArn", "arn:aws:iot:x:000000000000:policy/p"}}, {"policy/p"}},
      {"TestAuthorization", {}, {}},
      {"UpdateThingGroupsForThing",
       {{"thingName", "a"},
        {"thingGroupsToAdd", json::array{"g", 1, "h"}},
        {"thingGroupsToRemove", json::array{"i"}}},
       {"thing/a", "thinggroup/g", "thinggroup/h", "thinggroup/i"}},
      {"DescribeCertificate", {{"certificateId", "not an id"}}, {"cert/not an id"}},
      {"AttachPolicy",
       {{"policyName", "p"}, {"target", "arn:aws:iot:eu-west-1:000000000000:thinggroup/g"}},
       {"policy/p", "thinggroup/g"}},
      {"AttachPolicy",
       {{"policyName", "p"},
        {"target",
         json::string("arn:aws:iot:eu-west-1:000000000000:cert/" + std::string(64, 'A'))}},
       {"policy/p", "cert/" + id}},
      {"AttachPolicy", {{"policyName", "p"}, {"target", "nonsense"}}, {"policy/p", "nonsense"}},
      {"AddThingToThingGroup",
       {{"thingName", "a"}, {"thingGroupName", "g"}},
       {"thing/a", "thinggroup/g"}},
      {"AddThingToThingGroup",
       {{"thingArn", "arn:aws:iot:x:000000000000:thing/b"}, {"thingGroupName", "g"}},
       {"thing/b", "thinggroup/g"}},
      {"AddThingToThingGroup",
       {{"thingName", "a"}, {"thingArn", "arn:aws:iot:x:000000000000:thing/b"}},
       {"thing/a", "thing/b"}},
      {"RevokeCredential", {{"accessKeyId", "AKIA"}}, {"credential/AKIA"}},
  };
  for (const Row& row : rows) {
    Inputs inputs;
    for (const auto& [name, value] : row.inputs) inputs.set(name, value);
    EXPECT_EQ(resources_of(operation(world, row.operation), inputs), row.expected) << row.operation;
  }
}

TEST(Authorization, DeniesWithTheMessageOfAwsAndTheReason) {
  ControlApiWorld world;
  const Reply key = use_key(world, "read-only");
  world.must("GET", "/things");
  const Reply denied = world.call("POST", "/things/a");
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(denied.error, "AccessDeniedException");
  EXPECT_EQ(denied.message(),
            "User: arn:aws:iam::000000000000:user/line 1 (access key " + key.text("accessKeyId") +
                ") is not authorized to perform: iot:CreateThing on resource: "
                "arn:aws:iot:us-east-1:000000000000:thing/a because no statement of role read-only "
                "allows it");
  use_root(world);
  EXPECT_EQ(world.call("GET", "/things/a").status, 404) << "nothing was made";
}

TEST(Authorization, ChecksEveryResourceOfACall) {
  ControlApiWorld world;
  world.make_policy("Good");
  world.make_policy("Powerful");
  const std::string certificate = world.make_certificate();
  use_key(world, "",
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:AttachPolicy",)"
          R"("Resource":["arn:aws:iot:*:*:policy/Good","arn:aws:iot:*:*:cert/*"]}]})");
  const std::string body = R"({"target":")" + certificate + R"("})";
  world.must("PUT", "/target-policies/Good", body);
  EXPECT_EQ(world.call("PUT", "/target-policies/Powerful", body).error, "AccessDeniedException");
  EXPECT_EQ(world
                .call("PUT", "/target-policies/Good",
                      R"({"target":"arn:aws:iot:us-east-1:000000000000:thinggroup/g"})")
                .error,
            "AccessDeniedException");
}

TEST(Authorization, CannotBePassedByAnotherSpelling) {
  ControlApiWorld world;
  const std::string arn = world.make_certificate();
  const std::string id = arn.substr(arn.find("cert/") + 5);
  std::string capitals = id;
  std::ranges::transform(capitals, capitals.begin(),
                         [](unsigned char c) { return std::toupper(c); });
  use_key(world, "",
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},)"
          R"({"Effect":"Deny","Action":"*","Resource":"arn:aws:iot:eu-west-1:*:cert/)" +
              id + R"("}]})");
  for (const std::string& spelling : {id, capitals}) {
    const Reply reply = world.call("PUT", "/certificates/" + spelling + "?newStatus=ACTIVE");
    EXPECT_EQ(reply.error, "AccessDeniedException") << spelling << reply.message();
    EXPECT_THAT(reply.message(), HasSubstr("statement 1"));
  }
}

TEST(Authorization, RecordsDenialsWithinBounds) {
  ControlApiWorld world;
  const Reply key = use_key(world, "read-only");
  const std::size_t before = world.events().size();
  const Reply denied = world.call("POST", "/things/a");
  ASSERT_EQ(world.events().size(), before + 1);
  const registry::AuditEvent event = world.events().back();
  EXPECT_EQ(event.step, "create_thing");
  EXPECT_EQ(event.outcome, "denied");
  EXPECT_EQ(event.actor, key.text("accessKeyId"));
  EXPECT_EQ(event.correlation, denied.request_id);
  EXPECT_THAT(event.detail, HasSubstr("192.0.2.7"));
  EXPECT_THAT(event.detail, HasSubstr("iot:CreateThing"));
  EXPECT_THAT(event.detail, HasSubstr("thing/a"));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(world.call("POST", "/things/a").status, 403);
  EXPECT_EQ(world.events().size(), before + telemetry::AuditBudget::kBurst);
  world.clock.advance(telemetry::AuditBudget::kEach);
  EXPECT_EQ(world.call("POST", "/things/a").status, 403);
  ASSERT_EQ(world.events().size(), before + telemetry::AuditBudget::kBurst + 1);
  EXPECT_THAT(world.events().back().detail, HasSubstr(R"("left_out":41)"));
}

TEST(Authorization, LeavesAnEventOfARefusedSignatureOfAKnownKeyOnly) {
  ControlApiWorld world;
  world.signer.secret += "x";
  EXPECT_EQ(world.call("GET", "/things").error, "InvalidSignatureException");
  ASSERT_EQ(world.events().size(), 1U);
  EXPECT_EQ(world.events()[0].step, "authenticate");
  EXPECT_EQ(world.events()[0].outcome, "rejected");
  EXPECT_EQ(world.events()[0].actor, test::kAccessKeyId);
  EXPECT_THAT(world.events()[0].detail, HasSubstr("InvalidSignatureException"));
  EXPECT_EQ(world.events()[0].detail.find(world.signer.secret), std::string::npos);
  world.signer.access_key_id = "AKIASTRANGERAAAAAAAA";
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(world.call("GET", "/things").error, "UnrecognizedClientException");
  EXPECT_EQ(world.send({"GET", "/things", {}, "", "192.0.2.7"}).status, 403);
  EXPECT_EQ(world.events().size(), 1U) << "strangers leave no trace in the store";
}

TEST(Authorization, AnswersWhenTheEventCannotBeKept) {
  ControlApiWorld world;
  use_key(world, "read-only");
  world.store.fail_call(1, test::FaultyStore::When::before);
  EXPECT_EQ(world.call("POST", "/things/a").error, "AccessDeniedException");
}

TEST(Credentials, AreMadeListedAndRevoked) {
  ControlApiWorld world;
  const Reply made =
      world.must("POST", "/imprint/v1/credentials", R"({"name":"line 1","role":"factory"})");
  const std::string id = made.text("accessKeyId");
  const std::string secret = made.text("secretAccessKey");
  EXPECT_EQ(id.size(), 20U);
  EXPECT_EQ(secret.size(), 40U);
  EXPECT_EQ(made.text("status"), "active");
  EXPECT_EQ(made.text("createdBy"), test::kAccessKeyId);
  const auto stored = world.all<registry::Credential>(registry::query::Credentials{});
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].sealed_secret.find(secret), std::string::npos);
  for (const registry::AuditEvent& event : world.events())
    EXPECT_EQ(event.detail.find(secret), std::string::npos);

  const Reply listed = world.must("GET", "/imprint/v1/credentials");
  ASSERT_EQ(listed.list("credentials").size(), 1U);
  const std::string row = encoding::to_json(listed.list("credentials")[0]);
  EXPECT_THAT(row, HasSubstr(id));
  EXPECT_EQ(row.find(secret), std::string::npos);
  EXPECT_EQ(row.find("ecret"), std::string::npos);

  world.signer.access_key_id = id;
  world.signer.secret = secret;
  world.must("GET", "/things");
  use_root(world);
  EXPECT_EQ(world.must("DELETE", "/imprint/v1/credentials/" + id).text("status"), "revoked");
  world.must("DELETE", "/imprint/v1/credentials/" + id);  // again: the same
  world.signer.access_key_id = id;
  world.signer.secret = secret;
  const Reply refused = world.call("GET", "/things");
  EXPECT_EQ(refused.error, "UnrecognizedClientException");
  EXPECT_THAT(refused.message(), HasSubstr("was revoked"));
  EXPECT_EQ(world.all<registry::Credential>(registry::query::Credentials{})[0].sealed_secret, "");
}

TEST(Credentials, ComeInPages) {
  ControlApiWorld world;
  for (int i = 0; i < 5; ++i)
    world.must("POST", "/imprint/v1/credentials", R"({"name":"x","role":"admin"})");
  EXPECT_THAT(world.follow("GET", "/imprint/v1/credentials", "credentials", false, 2).sizes,
              ElementsAre(2, 2, 1));
}

TEST(Credentials, AreRefusedWhenTheyMakeNoSense) {
  ControlApiWorld world;
  const std::string kPath = "/imprint/v1/credentials";
  const std::string kInvalid = "InvalidRequestException";
  const auto with_policy = [](const std::string& document) {
    return encoding::to_json(json::object{{"name", "x"}, {"policyDocument", document}});
  };
  test::expect_refusals(
      world,
      {{"no name", "POST", kPath, R"({"role":"admin"})", 400, kInvalid, "at 'name'"},
       {"a name of other characters", "POST", kPath, R"({"name":"a\u0000b","role":"admin"})", 400,
        kInvalid, "'name'"},
       {"a long name", "POST", kPath,
        encoding::to_json(json::object{{"name", std::string(65, 'a')}, {"role", "admin"}}), 400,
        kInvalid, "64"},
       {"neither role nor policy", "POST", kPath, R"({"name":"x"})", 400, kInvalid, "either"},
       {"both", "POST", kPath,
        encoding::to_json(
            json::object{{"name", "x"}, {"role", "admin"}, {"policyDocument", allow("*", "*")}}),
        400, kInvalid, "not both"},
       {"no such role", "POST", kPath, R"({"name":"x","role":"root"})", 400, kInvalid,
        "admin, read-only, factory"},
       {"no policy", "POST", kPath, with_policy("{}"), 400, "MalformedPolicyException",
        "$: has no Version"},
       {"an action of nobody", "POST", kPath, with_policy(allow("iot:Fly", "*")), 400,
        "MalformedPolicyException", "$.Statement[0].Action"},
       {"a condition", "POST", kPath,
        with_policy(R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*",)"
                    R"("Resource":"*","Condition":{}}]})"),
        400, "MalformedPolicyException", "Condition"},
       {"revoke a stranger's", "DELETE", kPath + "/AKIASTRANGERAAAAAAAA", "", 404,
        "ResourceNotFoundException", "AKIASTRANGER"},
       {"revoke the root key", "DELETE", kPath + "/" + std::string(test::kAccessKeyId), "", 400,
        kInvalid, "admin.credentials"},
       {"revoke nonsense", "DELETE", kPath + "/a%2Fb", "", 400, kInvalid, "'accessKeyId'"}});
}

TEST(Credentials, ThatCannotBeDecryptedAreAFaultOfTheServer) {
  ControlApiWorld world;
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::Put{
      registry::Credential{.access_key_id = "AKIABROKENAAAAAAAAAA", .name = "x", .role = "admin"}});
  world.arrange(std::move(changes));
  world.signer.access_key_id = "AKIABROKENAAAAAAAAAA";
  const Reply reply = world.call("GET", "/things");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.message().find("AKIABROKEN"), std::string::npos) << "details stay in the log";
}

}  // namespace
}  // namespace imprint::rest
