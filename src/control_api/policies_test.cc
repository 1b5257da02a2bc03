// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/store_access.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

const std::string kDocument =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]})";

std::string body_of(const std::string& document) {
  return encoding::to_json(json::object{{"policyDocument", document}});
}

struct Policies : testing::Test {
  ControlApiWorld world;
  void create(const std::string& name) {
    world.must("POST", "/policies/" + name, body_of(kDocument));
  }
  void version(const std::string& name, bool set_default = false) {
    world.clock.advance(Milliseconds(1000));
    world.must("POST", "/policies/" + name + "/version" + (set_default ? "?setAsDefault=true" : ""),
               body_of(kDocument));
  }
  void attach(const std::string& name, const std::string& target) {
    world.must("PUT", "/target-policies/" + name,
               encoding::to_json(json::object{{"target", target}}));
  }
};

TEST_F(Policies, AreCreatedAndRead) {
  const Reply created = world.must("POST", "/policies/p", body_of(kDocument));
  EXPECT_EQ(created.text("policyArn"), "arn:aws:iot:us-east-1:000000000000:policy/p");
  EXPECT_EQ(created.text("policyVersionId"), "1");
  EXPECT_EQ(created.text("policyDocument"), kDocument);
  const Reply read = world.must("GET", "/policies/p");
  EXPECT_EQ(read.text("policyDocument"), kDocument);
  EXPECT_EQ(read.text("defaultVersionId"), "1");
  EXPECT_EQ(read.text("generationId").size(), 36U);
  EXPECT_EQ(read.body.at("creationDate").as_double(), 1767225600.0);
}

TEST_F(Policies, AreRefusedWithAReason) {
  create("p");
  const std::string wide(2049, 'x');
  const std::string too_long = R"({"Version":"2012-10-17","Statement":[{"Sid":")" + wide +
                               R"(","Effect":"Allow","Action":"iot:Connect","Resource":"*"}]})";
  expect_refusals(
      world,
      {{"name in use", "POST", "/policies/p", body_of(kDocument), 409,
        "ResourceAlreadyExistsException", "name already exists (name=p)"},
       {"no JSON", "POST", "/policies/q", body_of("{"), 400, "MalformedPolicyException", ""},
       {"unknown action", "POST", "/policies/q",
        body_of(
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Fly","Resource":"*"}]})"),
        400, "MalformedPolicyException", "iot:Fly"},
       {"too long", "POST", "/policies/q", body_of(too_long), 400, "MalformedPolicyException",
        "2048"},
       {"tags", "POST", "/policies/q",
        encoding::to_json(json::object{{"policyDocument", kDocument},
                                       {"tags", json::array{json::object{{"Name", "a"}}}}}),
        400, kInvalid, "tags"},
       {"reserved name", "POST", "/policies/ProvisioningClaimPolicy.T", body_of(kDocument), 400,
        kInvalid, "belong to the server"},
       {"name", "POST", "/policies/a%3Ab", body_of(kDocument), 400, kInvalid, "policyName"},
       {"unknown", "GET", "/policies/q", "", 404, kNotFound, "\"q\""},
       {"unknown to delete", "DELETE", "/policies/q", "", 404, kNotFound, "\"q\""}});
}

TEST_F(Policies, NameTheResourceThatExists) {
  create("p");
  const Reply reply = world.call("POST", "/policies/p", body_of(kDocument));
  EXPECT_EQ(reply.text("resourceArn"), "arn:aws:iot:us-east-1:000000000000:policy/p");
  EXPECT_EQ(reply.text("resourceId"), "p");
}

TEST_F(Policies, StricterThanOnAwsAreReportedAtCreation) {
  const json::object deny{
      {"Version", "2012-10-17"},
      {"Statement",
       json::array{json::object{
           {"Effect", "Deny"},
           {"Action", "iot:Publish"},
           {"Resource", "arn:aws:iot:*:*:topic/${iot:Connection.Thing.ThingName}/x"}}}}};
  const std::string body =
      encoding::to_json(json::object{{"policyDocument", encoding::to_json(deny)}});
  const auto told = [&] {
    const auto events = world.events();
    return std::ranges::count_if(events, [](const registry::AuditEvent& event) {
      return event.detail.find("statement 0 denies by ${iot:Connection.Thing.ThingName}") !=
             std::string::npos;
    });
  };
  world.must("POST", "/policies/strict", body);
  EXPECT_EQ(told(), 1);
  world.must("POST", "/policies/strict/version", body);
  EXPECT_EQ(told(), 2);
}

TEST_F(Policies, AreListedByCreationInPages) {
  for (int i = 0; i < 7; ++i) {
    create(fmt::format("p{}", 9 - i));
    world.clock.advance(Milliseconds(1000));
  }
  const auto ascending =
      world.follow("GET", "/policies?isAscendingOrder=true", "policies", true, 3);
  EXPECT_THAT(ascending.sizes, ElementsAre(3, 3, 1));
  EXPECT_THAT(ascending.elements.front(), HasSubstr("\"p9\""));
  EXPECT_THAT(ascending.elements.back(), HasSubstr("\"p3\""));
  auto descending = world.follow("GET", "/policies", "policies", true, 2);
  EXPECT_THAT(descending.sizes, ElementsAre(2, 2, 2, 1));
  std::ranges::reverse(descending.elements);
  EXPECT_EQ(descending.elements, ascending.elements);
  EXPECT_EQ(world.must("GET", "/policies?pageSize=7").text("nextMarker"), "");
}

TEST_F(Policies, HaveUpToFiveVersions) {
  create("p");
  version("p", true);
  for (int i = 0; i < 3; ++i) version("p");
  const Reply sixth = world.call("POST", "/policies/p/version", body_of(kDocument));
  EXPECT_EQ(sixth.status, 409);
  EXPECT_EQ(sixth.error, "VersionsLimitExceededException");
  EXPECT_THAT(sixth.message(),
              HasSubstr("The policy p already has the maximum number of versions (5)"));
  const Reply versions = world.must("GET", "/policies/p/version");
  ASSERT_EQ(versions.list("policyVersions").size(), 5U);
  EXPECT_EQ(versions.list("policyVersions")[0].at("versionId"), "5");
  EXPECT_EQ(world.must("GET", "/policies/p").text("defaultVersionId"), "2");
  EXPECT_EQ(world.must("GET", "/policies/p/version/2").body.at("isDefaultVersion"), true);
}

TEST_F(Policies, NeverUseAVersionNumberTwice) {
  create("p");
  version("p");
  world.must("DELETE", "/policies/p/version/2");
  EXPECT_EQ(world.must("POST", "/policies/p/version", body_of(kDocument)).text("policyVersionId"),
            "3");
}

TEST_F(Policies, ChangeTheirDefaultVersion) {
  create("p");
  version("p");
  world.must("PATCH", "/policies/p/version/2");
  world.must("PATCH", "/policies/p/version/2");
  EXPECT_EQ(world.must("GET", "/policies/p").text("defaultVersionId"), "2");
  world.must("DELETE", "/policies/p/version/1");
  world.must("DELETE", "/policies/p");
  EXPECT_TRUE(
      world.all<registry::PolicyVersion>(registry::query::PolicyVersions{*PolicyName::parse("p")})
          .empty());
}

TEST_F(Policies, RefuseWrongVersions) {
  create("p");
  version("p");
  expect_refusals(
      world, {{"default", "DELETE", "/policies/p/version/1", "", 409, "DeleteConflictException",
               "default version"},
              {"unknown", "DELETE", "/policies/p/version/9", "", 404, kNotFound, "version 9"},
              {"unknown to read", "GET", "/policies/p/version/9", "", 404, kNotFound, "version 9"},
              {"unknown default", "PATCH", "/policies/p/version/9", "", 404, kNotFound, "9"},
              {"no number", "GET", "/policies/p/version/v1", "", 400, kInvalid, "[0-9]+"},
              {"too long a number", "GET", "/policies/p/version/1234567890123456789", "", 400,
               kInvalid, "18"},
              {"policy unknown", "POST", "/policies/q/version", body_of(kDocument), 404, kNotFound,
               "\"q\""},
              {"malformed", "POST", "/policies/p/version", body_of("[]"), 400,
               "MalformedPolicyException", ""},
              {"policy with versions", "DELETE", "/policies/p", "", 409, "DeleteConflictException",
               "policy versions"}});
}

TEST_F(Policies, AttachToCertificatesAndGroups) {
  create("p");
  const std::string certificate = world.make_certificate();
  const std::string group = world.must("POST", "/thing-groups/g", "{}").text("thingGroupArn");
  for (int i = 0; i < 2; ++i) {
    attach("p", certificate);
    attach("p", group);
  }
  const auto targets = world.follow("POST", "/policy-targets/p", "targets", true, 1);
  EXPECT_THAT(targets.elements,
              testing::UnorderedElementsAre("\"" + certificate + "\"", "\"" + group + "\""));
  const std::string encoded = encoding::percent_encode(certificate);
  EXPECT_EQ(world.must("POST", "/attached-policies/" + encoded).list("policies").size(), 1U);
  EXPECT_EQ(world.call("DELETE", "/policies/p").error, "DeleteConflictException");
  for (const std::string& target : {certificate, group, group}) {
    world.must("POST", "/target-policies/p", encoding::to_json(json::object{{"target", target}}));
  }
  EXPECT_TRUE(world.must("POST", "/attached-policies/" + encoded).list("policies").empty());
  world.must("DELETE", "/policies/p");
}

TEST_F(Policies, AttachTenAtMost) {
  const std::string certificate = world.make_certificate();
  for (int i = 0; i < 10; ++i) {
    create(fmt::format("p{}", i));
    attach(fmt::format("p{}", i), certificate);
  }
  create("q");
  const Reply eleventh = world.call("PUT", "/target-policies/q",
                                    encoding::to_json(json::object{{"target", certificate}}));
  EXPECT_EQ(eleventh.status, 410);
  EXPECT_EQ(eleventh.error, "LimitExceededException");
  attach("p3", certificate);
  const auto listed = world.follow(
      "POST", "/attached-policies/" + encoding::percent_encode(certificate), "policies", true, 4);
  EXPECT_THAT(listed.sizes, ElementsAre(4, 4, 2));
}

TEST_F(Policies, AreInheritedFromGroupsAbove) {
  for (const char* name : {"a", "b", "c"}) create(name);
  const std::string root = world.must("POST", "/thing-groups/root", "{}").text("thingGroupArn");
  const std::string leaf = world.must("POST", "/thing-groups/leaf", R"({"parentGroupName":"root"})")
                               .text("thingGroupArn");
  attach("a", root);
  attach("b", leaf);
  attach("c", root);
  const std::string path = "/attached-policies/" + encoding::percent_encode(leaf);
  EXPECT_EQ(world.must("POST", path).list("policies").size(), 1U);
  const auto all = world.follow("POST", path + "?recursive=true", "policies", true, 1);
  ASSERT_EQ(all.elements.size(), 3U);
  EXPECT_THAT(all.elements[2], HasSubstr("\"c\""));
}

TEST_F(Policies, RefuseWrongTargets) {
  create("p");
  const auto target = [](const std::string& text) {
    return encoding::to_json(json::object{{"target", text}});
  };
  const std::string unknown = "arn:aws:iot:us-east-1:000000000000:cert/" + std::string(64, 'a');
  expect_refusals(
      world,
      {{"unknown certificate", "PUT", "/target-policies/p", target(unknown), 404, kNotFound,
        unknown},
       {"unknown group", "PUT", "/target-policies/p",
        target("arn:aws:iot:us-east-1:000000000000:thinggroup/g"), 404, kNotFound, "thinggroup/g"},
       {"unknown policy", "PUT", "/target-policies/q", target(unknown), 404, kNotFound, "\"q\""},
       {"no ARN", "PUT", "/target-policies/p", target("cert/aa"), 400, kInvalid, "target"},
       {"a thing", "PUT", "/target-policies/p",
        target("arn:aws:iot:us-east-1:000000000000:thing/t"), 400, kInvalid, "cert/"},
       {"another account", "PUT", "/target-policies/p",
        target("arn:aws:iot:us-east-1:111111111111:cert/" + std::string(64, 'a')), 400, kInvalid,
        "account 000000000000"},
       {"another service", "PUT", "/target-policies/p",
        target("arn:aws:s3:us-east-1:000000000000:cert/" + std::string(64, 'a')), 400, kInvalid,
        "ARN"},
       {"short id", "PUT", "/target-policies/p",
        target("arn:aws:iot:us-east-1:000000000000:cert/ab"), 400, kInvalid, "64"},
       {"empty", "PUT", "/target-policies/p", target(""), 400, kInvalid, "target"},
       {"listing an unknown one", "POST", "/attached-policies/" + encoding::percent_encode(unknown),
        "", 404, kNotFound, "does not exist"},
       {"targets of an unknown one", "POST", "/policy-targets/q", "", 404, kNotFound, "\"q\""}});
}

TEST_F(Policies, WorkThroughTheDeprecatedCallsToo) {
  create("p");
  const std::string certificate = world.make_certificate();
  const rest::Headers principal{{"x-amzn-iot-principal", certificate}};
  world.must("PUT", "/principal-policies/p", "", principal);
  EXPECT_EQ(world.must("GET", "/principal-policies", "", principal).list("policies").size(), 1U);
  const rest::Headers policy{{"x-amzn-iot-policy", "p"}};
  EXPECT_EQ(world.must("GET", "/policy-principals", "", policy).list("principals")[0].as_string(),
            certificate);
  world.must("DELETE", "/principal-policies/p", "", principal);
  EXPECT_TRUE(world.must("GET", "/principal-policies", "", principal).list("policies").empty());
  expect_refusals(
      world, {{"a group is no principal",
               "PUT",
               "/principal-policies/p",
               "",
               400,
               kInvalid,
               "cert/",
               {{"x-amzn-iot-principal", "arn:aws:iot:us-east-1:000000000000:thinggroup/g"}}}});
}

/// Attaches a policy to a certificate after the deletion has checked that none is attached.
class LateAttachment final : public registry::Store {
 public:
  LateAttachment(registry::Store& real, registry::Record record)
      : real_(real), record_(std::move(record)) {}
  registry::Task<Result<std::vector<std::optional<registry::Record>>>> find(
      std::vector<registry::Key> keys) override {
    return real_.find(std::move(keys));
  }
  registry::Task<Result<registry::Page>> list(registry::Query query,
                                              registry::Cursor cursor) override {
    return real_.list(std::move(query), std::move(cursor));
  }
  registry::Task<Result<void>> commit(registry::ChangeSet changes) override {
    if (!std::exchange(attached_, true)) {
      registry::ChangeSet late = change_set({.step = "attach_policy", .outcome = "ok"});
      late.changes.emplace_back(registry::Put{record_});
      CO_TRY(co_await real_.commit(std::move(late)));
    }
    co_return co_await real_.commit(std::move(changes));
  }
  void watch(Listener listener) override { real_.watch(std::move(listener)); }

 private:
  registry::Store& real_;
  registry::Record record_;
  bool attached_ = false;
};

TEST_F(Policies, LeaveNothingAttachedToTheirName) {
  create("p");
  const auto id = CertificateId(Sha256{7});
  const registry::PolicyTarget target(id);
  LateAttachment store(world.memory, registry::PolicyAttachment{*PolicyName::parse("p"), target});
  rest::Api api = world.api_on(store, world.issue);
  rest::HttpRequest request{"DELETE", "/policies/p", {}, "", ""};
  world.signer.sign(request, world.clock.now());
  EXPECT_EQ(runtime::run_blocking(api.handle(request)).status, 200);
  EXPECT_TRUE(
      world.all<registry::PolicyAttachment>(registry::query::PoliciesOfTarget{target}).empty());
}

}  // namespace
}  // namespace imprint::control_api
