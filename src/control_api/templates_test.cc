// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "control_api/words.h"
#include "policy/policy.h"
#include "test/support/control_api_world.h"
#include "x509/certificate.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

const std::string kRole = "arn:aws:iam::000000000000:role/Provisioning";
const std::string kBody =
    R"({"Parameters":{"SerialNumber":{"Type":"String"}},"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"SerialNumber"}}},"certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"Active"}}}})";

struct Templates : testing::Test {
  ControlApiWorld world;

  static std::string creation(const std::string& name, json::object more = {}) {
    json::object body{
        {"templateName", name}, {"templateBody", kBody}, {"provisioningRoleArn", kRole}};
    for (auto& [member, value] : more) body[member] = value;
    return encoding::to_json(body);
  }
  Reply create(const std::string& name, json::object more = {}) {
    return world.must("POST", "/provisioning-templates", creation(name, std::move(more)));
  }
  static std::string version_body(const std::string& body = kBody) {
    return encoding::to_json(json::object{{"templateBody", body}});
  }
  void version(const std::string& name, const std::string& query = "") {
    world.must("POST", "/provisioning-templates/" + name + "/versions" + query, version_body());
  }
};

TEST_F(Templates, AreCreatedAndDescribed) {
  const Reply created = create("T", {{"description", "größe"}, {"enabled", true}});
  EXPECT_EQ(created.text("templateArn"),
            "arn:aws:iot:us-east-1:000000000000:provisioningtemplate/T");
  EXPECT_EQ(created.body.at("defaultVersionId"), 1);
  const Reply read = world.must("GET", "/provisioning-templates/T");
  EXPECT_EQ(read.text("templateBody"), kBody);
  EXPECT_EQ(read.text("provisioningRoleArn"), kRole);
  EXPECT_EQ(read.text("type"), "FLEET_PROVISIONING");
  EXPECT_EQ(read.text("description"), "größe");
  EXPECT_EQ(read.body.at("enabled"), true);
  EXPECT_FALSE(read.body.contains("preProvisioningHook"));
}

TEST_F(Templates, AreDisabledUnlessEnabled) {
  create("T");
  EXPECT_EQ(world.must("GET", "/provisioning-templates/T").body.at("enabled"), false);
}

TEST_F(Templates, AreRefusedWithAReason) {
  create("T");
  create(std::string(36, 'a'));
  const std::string too_long(10'241, ' ');
  const auto with = [](const std::string& member, const json::value& value) {
    return creation("U", {{member, value}});
  };
  const std::string path = "/provisioning-templates";
  expect_refusals(
      world,
      {{"name in use", "POST", path, creation("T"), 409, "ResourceAlreadyExistsException",
        "template T already exists"},
       {"name", "POST", path, creation("a:b"), 400, kInvalid, "templateName"},
       {"name too long", "POST", path, creation(std::string(37, 'a')), 400, kInvalid, "36"},
       {"body", "POST", path, with("templateBody", "{}"), 400, kInvalid, "Resources"},
       {"body is no JSON", "POST", path, with("templateBody", "{"), 400, kInvalid, ""},
       {"body names its place", "POST", path,
        with(
            "templateBody",
            R"({"Resources":{"x":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"Nope"}}}}})"),
        400, kInvalid, "$.Resources.x.Properties.ThingName"},
       {"body too long", "POST", path, with("templateBody", json::string(too_long)), 400, kInvalid,
        "10240"},
       {"role too short", "POST", path, with("provisioningRoleArn", "arn:aws:iam::1"), 400,
        kInvalid, "20"},
       {"role is a user", "POST", path,
        with("provisioningRoleArn", "arn:aws:iam::000000000000:user/me"), 400, kInvalid, "role"},
       {"role is a role without name", "POST", path,
        with("provisioningRoleArn", "arn:aws:iam::000000000000:role/"), 400, kInvalid, "role"},
       {"hook without ARN", "POST", path, with("preProvisioningHook", json::object()), 400,
        kInvalid, "preProvisioningHook.targetArn"},
       {"hook that is no ARN", "POST", path,
        with("preProvisioningHook", {{"targetArn", "https://a/"}}), 400, kInvalid, "is no ARN"},
       {"hook with too long an ARN", "POST", path,
        with("preProvisioningHook", {{"targetArn", "arn:" + std::string(2045, 'a')}}), 400,
        kInvalid, "2048"},
       {"hook that is no text", "POST", path, with("preProvisioningHook", {{"targetArn", 1}}), 400,
        kInvalid, "must be a string"},
       {"hook's event of tomorrow", "POST", path,
        with("preProvisioningHook",
             {{"targetArn", "arn:aws:lambda:a:b:function:c"}, {"payloadVersion", "2030-01-01"}}),
        400, kInvalid, "2020-04-01 is the only one"},
       {"hook's unknown member", "POST", path,
        with("preProvisioningHook",
             {{"targetArn", "arn:aws:lambda:a:b:function:c"}, {"timeout", "9"}}),
        400, kInvalid, "no such member"},
       {"type", "POST", path, with("type", "OTHER"), 400, kInvalid, "FLEET_PROVISIONING, JITP"},
       {"description too long", "POST", path, with("description", json::string(501, 'a')), 400,
        kInvalid, "500"},
       {"description with a tab", "POST", path, with("description", "a\tb"), 400, kInvalid,
        "printable"},
       {"tags", "POST", path, with("tags", json::array(1)), 400, kInvalid, "tags"},
       {"enabled is text", "POST", path, with("enabled", "true"), 400, kInvalid, "true or false"},
       {"unknown", "GET", path + "/U", "", 404, kNotFound, "\"U\""},
       {"unknown to delete", "DELETE", path + "/U", "", 404, kNotFound, "\"U\""},
       {"unknown to update", "PATCH", path + "/U", "{}", 404, kNotFound, "\"U\""}});
}

TEST_F(Templates, Number256AtMost) {
  for (int i = 0; i < 256; ++i) create(fmt::format("T{}", i));
  const Reply one_more = world.call("POST", "/provisioning-templates", creation("more"));
  EXPECT_EQ(one_more.error, "LimitExceededException");
  EXPECT_EQ(one_more.status, 410);
  const auto all = world.follow("GET", "/provisioning-templates", "templates", false, 100);
  EXPECT_THAT(all.sizes, ElementsAre(100, 100, 56));
}

TEST_F(Templates, AreUpdatedMemberByMember) {
  create("T", {{"description", "old"}});
  version("T");
  world.clock.advance(Milliseconds(1000));
  world.must("PATCH", "/provisioning-templates/T", R"({"enabled":true})");
  Reply read = world.must("GET", "/provisioning-templates/T");
  EXPECT_EQ(read.text("description"), "old");
  EXPECT_EQ(read.body.at("enabled"), true);
  EXPECT_EQ(read.body.at("lastModifiedDate").as_double(), 1767225601.0);
  world.must("PATCH", "/provisioning-templates/T",
             R"({"description":"","defaultVersionId":2,"removePreProvisioningHook":true})");
  read = world.must("GET", "/provisioning-templates/T");
  EXPECT_EQ(read.text("description"), "");
  EXPECT_EQ(read.body.at("enabled"), true);
  EXPECT_EQ(read.body.at("defaultVersionId"), 2);
  expect_refusals(
      world, {{"unknown version", "PATCH", "/provisioning-templates/T", R"({"defaultVersionId":9})",
               404, kNotFound, "version 9"},
              {"hook", "PATCH", "/provisioning-templates/T",
               R"({"preProvisioningHook":{"targetArn":"a"}})", 400, kInvalid, "is no ARN"},
              {"hook given and taken", "PATCH", "/provisioning-templates/T",
               R"({"preProvisioningHook":{"targetArn":"a"},"removePreProvisioningHook":true})", 400,
               kInvalid, "contradict"},
              {"role", "PATCH", "/provisioning-templates/T",
               R"({"provisioningRoleArn":"aaaaaaaaaaaaaaaaaaaaaaaa"})", 400, kInvalid, "role"}});
}

TEST_F(Templates, HaveAHookThatIsGivenReplacedAndTaken) {
  const auto hook_of = [&](const std::string& name) {
    const Reply read = world.must("GET", "/provisioning-templates/" + name);
    const auto* hook = read.body.if_contains("preProvisioningHook");
    return hook == nullptr ? std::string("none") : encoding::to_json(*hook);
  };
  create("T", {{"preProvisioningHook", {{"targetArn", "arn:aws:lambda:a:b:function:c"}}}});
  EXPECT_EQ(hook_of("T"),
            R"({"payloadVersion":"2020-04-01","targetArn":"arn:aws:lambda:a:b:function:c"})");
  world.must("PATCH", "/provisioning-templates/T", R"({"enabled":true})");
  EXPECT_NE(hook_of("T"), "none") << "members that are absent are not changed";
  world.must("PATCH", "/provisioning-templates/T",
             R"({"preProvisioningHook":{"targetArn":"arn:d","payloadVersion":"2020-04-01"}})");
  EXPECT_EQ(hook_of("T"), R"({"payloadVersion":"2020-04-01","targetArn":"arn:d"})");
  world.must("PATCH", "/provisioning-templates/T", R"({"removePreProvisioningHook":true})");
  EXPECT_EQ(hook_of("T"), "none");
  const std::string body =
      R"({"Parameters":{"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{"c":{"Type":"AWS::IoT::Certificate",
          "Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"ACTIVE"}}}})";
  create("J", {{"type", "JITP"}, {"templateBody", body}});
  expect_refusals(world, {{"hook of a JITP template", "PATCH", "/provisioning-templates/J",
                           R"({"preProvisioningHook":{"targetArn":"arn:a"}})", 400, kInvalid,
                           "just-in-time provisioning calls no hook"}});
}

TEST_F(Templates, HaveUpToFiveVersions) {
  create("T");
  version("T", "?setAsDefault=true");
  for (int i = 0; i < 3; ++i) version("T");
  const std::string path = "/provisioning-templates/T/versions";
  const Reply sixth = world.call("POST", path, version_body());
  EXPECT_EQ(sixth.error, "VersionsLimitExceededException");
  const auto all = world.follow("GET", path, "versions", false, 2);
  EXPECT_THAT(all.sizes, ElementsAre(2, 2, 1));
  const Reply second = world.must("GET", path + "/2");
  EXPECT_EQ(second.body.at("isDefaultVersion"), true);
  EXPECT_EQ(second.text("templateBody"), kBody);
  world.must("DELETE", path + "/5");
  EXPECT_EQ(world.must("POST", path, version_body()).body.at("versionId"), 6);
  const registry::Key counter = registry::counter_key("things-of-template/T");
  registry::ChangeSet made;
  made.changes.emplace_back(registry::Count{counter.first});
  ASSERT_TRUE(runtime::run_blocking(world.memory.commit(std::move(made))));
  world.must("DELETE", "/provisioning-templates/T");
  EXPECT_FALSE(runtime::run_blocking(world.memory.find({counter}))->front())
      << "another template of that name starts at zero";
  EXPECT_TRUE(world
                  .all<registry::ProvisioningTemplateVersion>(
                      registry::query::TemplateVersions{*TemplateName::parse("T")})
                  .empty());
}

TEST_F(Templates, RefuseWrongVersions) {
  create("T");
  const std::string path = "/provisioning-templates/T/versions";
  expect_refusals(
      world, {{"default", "DELETE", path + "/1", "", 409, "DeleteConflictException", "default"},
              {"unknown", "DELETE", path + "/2", "", 404, kNotFound, "version 2"},
              {"unknown to read", "GET", path + "/2", "", 404, kNotFound, "version 2"},
              {"zero", "GET", path + "/0", "", 400, kInvalid, "versionId"},
              {"no number", "GET", path + "/x", "", 400, kInvalid, "versionId"},
              {"body", "POST", path, version_body("[]"), 400, kInvalid, ""},
              {"of an unknown template", "GET", "/provisioning-templates/U/versions", "", 404,
               kNotFound, "\"U\""},
              {"for an unknown template", "POST", "/provisioning-templates/U/versions",
               version_body(), 404, kNotFound, "\"U\""}});
}

TEST_F(Templates, AreCheckedForTheirType) {
  const std::string jitp =
      R"({"Parameters":{"AWS::IoT::Certificate::CommonName":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"AWS::IoT::Certificate::CommonName"}}},"certificate":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"ACTIVE"}}}})";
  create("J", {{"templateBody", jitp}, {"type", "JITP"}});
  EXPECT_EQ(world.must("GET", "/provisioning-templates/J").text("type"), "JITP");
  expect_refusals(world, {{"claim", "POST", "/provisioning-templates/J/provisioning-claim", "", 400,
                           kInvalid, "FLEET_PROVISIONING"},
                          {"fleet body", "POST", "/provisioning-templates/J/versions",
                           version_body(), 400, kInvalid, ""}});
}

struct Claims : Templates {
  registry::Certificate certificate(const std::string& id) {
    return *runtime::run_blocking(
        registry::get(world.memory, registry::certificate_key(*CertificateId::parse(id))));
  }
};

TEST_F(Claims, OfTrustedUsersAreValidForFiveMinutes) {
  create("T");
  const Reply claim = world.must("POST", "/provisioning-templates/T/provisioning-claim");
  EXPECT_EQ(claim.body.at("expiration").as_double(), 1767225600.0 + 300);
  const auto key =
      x509::PrivateKey::from_pem(claim.body.at("keyPair").at("PrivateKey").as_string());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->public_pem(), claim.body.at("keyPair").at("PublicKey").as_string());
  const auto x509 = x509::Certificate::from_pem(claim.text("certificatePem"));
  ASSERT_TRUE(x509);
  EXPECT_EQ(x509->public_key(), key->public_key());
  const registry::Certificate record = certificate(claim.text("certificateId"));
  EXPECT_EQ(record.status, registry::CertificateStatus::active);
  EXPECT_EQ(record.purpose, registry::CertificatePurpose::provisioning_claim);
  EXPECT_EQ(record.claim_budget.templates.at(0).str(), "T");
  EXPECT_TRUE(world.must("GET", "/certificates").list("certificates").empty());
  EXPECT_EQ(world.events().back().step, "create_provisioning_claim");
  EXPECT_EQ(world.events().back().certificate, claim.text("certificateId"));
}

TEST_F(Claims, OfFactoriesLiveForWeeksAndCountDevices) {
  create("T");
  const Reply claim =
      world.must("POST", "/imprint/v1/claims", R"({"templateName":"T","maxDevices":7})");
  EXPECT_EQ(claim.body.at("expiration").as_double(), 1767225600.0 + 30 * 86400);
  EXPECT_EQ(claim.text("policyName"), "ProvisioningClaimPolicy.T");
  EXPECT_TRUE(x509::PrivateKey::from_pem(claim.text("privateKey")));
  const registry::Certificate record = certificate(claim.text("certificateId"));
  EXPECT_EQ(record.purpose, registry::CertificatePurpose::claim);
  EXPECT_EQ(record.claim_budget.max_devices, 7);
  EXPECT_EQ(record.status, registry::CertificateStatus::active);
  EXPECT_EQ(world.must("GET", "/certificates").list("certificates").size(), 1U);
  const Reply forever = world.must("POST", "/imprint/v1/claims",
                                   R"({"templateName":"T","validForSeconds":315360000})");
  EXPECT_EQ(forever.body.at("expiration").as_double(),
            static_cast<double>(to_milliseconds(world.ca.certificate.not_after())) / 1000)
      << "cut to the issuing CA's end";
}

TEST_F(Claims, MayOnlyProvisionWithTheirTemplate) {
  create("T");
  const Reply claim = world.must("POST", "/imprint/v1/claims", R"({"templateName":"T"})");
  world.must("POST", "/provisioning-templates/T/provisioning-claim");
  const auto attached = world.all<registry::PolicyAttachment>(registry::query::PoliciesOfTarget{
      registry::PolicyTarget(*CertificateId::parse(claim.text("certificateId")))});
  ASSERT_EQ(attached.size(), 1U);
  const auto parsed = policy::Policy::parse(
      world.must("GET", "/policies/" + attached[0].policy.str()).text("policyDocument"));
  ASSERT_TRUE(parsed);
  const std::vector<std::shared_ptr<const policy::Policy>> policies{
      std::make_shared<policy::Policy>(*parsed)};
  policy::Context context = policy::nothing_known();
  context.client_id = "any";
  struct Row {
    policy::Action action;
    std::string_view resource;
    bool allowed;
  };
  using policy::Action;
  for (const Row& row : {
           Row{Action::connect, "any", true},
           Row{Action::publish, "$aws/certificates/create/json", true},
           Row{Action::publish, "$aws/certificates/create-from-csr/cbor", true},
           Row{Action::publish, "$aws/provisioning-templates/T/provision/json", true},
           Row{Action::subscribe, "$aws/certificates/create/json/accepted", true},
           Row{Action::subscribe, "$aws/certificates/create-from-csr/json/rejected", true},
           Row{Action::subscribe, "$aws/provisioning-templates/T/provision/json/rejected", true},
           Row{Action::receive, "$aws/provisioning-templates/T/provision/json/accepted", true},
           Row{Action::receive, "$aws/certificates/create-from-csr/json/accepted", true},
           Row{Action::publish, "$aws/provisioning-templates/TT/provision/json", false},
           Row{Action::publish, "$aws/provisioning-templates/U/provision/json", false},
           Row{Action::subscribe, "#", false},
           Row{Action::subscribe, "$aws/things/x/jobs/notify", false},
           Row{Action::publish, "sensors/1", false},
           Row{Action::receive, "sensors/1", false},
       }) {
    EXPECT_EQ(policy::evaluate(policies, {row.action, row.resource}, context).allowed(),
              row.allowed)
        << row.resource;
  }
}

TEST_F(Claims, HaveAPolicyThatCannotBeWidened) {
  create("T");
  world.must("POST", "/imprint/v1/claims", R"({"templateName":"T"})");
  const std::string name = "/policies/ProvisioningClaimPolicy.T";
  const std::string wide = encoding::to_json(json::object{
      {"policyDocument",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})"}});
  expect_refusals(
      world,
      {{"new version", "POST", name + "/version", wide, 400, kInvalid, "belong to the server"},
       {"another default", "PATCH", name + "/version/1", "", 400, kInvalid, "belong to the server"},
       {"in use", "DELETE", name, "", 409, "DeleteConflictException", "attached"}});
}

TEST_F(Claims, LeaveNoPolicyBehindWithTheirTemplate) {
  create("T");
  const Reply claim = world.must("POST", "/imprint/v1/claims", R"({"templateName":"T"})");
  const std::string certificate = "/certificates/" + claim.text("certificateId");
  world.must("PUT", certificate + "?newStatus=INACTIVE");
  world.must("DELETE", certificate + "?forceDelete=true");
  world.must("DELETE", "/provisioning-templates/T");
  EXPECT_TRUE(world.must("GET", "/policies").list("policies").empty());
  create("T");
  world.must("POST", "/imprint/v1/claims", R"({"templateName":"T"})");
  world.must("DELETE", "/provisioning-templates/T");
  EXPECT_EQ(world.must("GET", "/policies").list("policies").size(), 1U) << "a claim still uses it";
}

TEST_F(Claims, AreRefusedWithAReason) {
  create("T");
  const std::string path = "/imprint/v1/claims";
  expect_refusals(
      world,
      {{"no such template", "POST", path, R"({"templateName":"U"})", 404, kNotFound, "\"U\""},
       {"no such template for a user", "POST", "/provisioning-templates/U/provisioning-claim", "",
        404, kNotFound, "\"U\""},
       {"no template", "POST", path, "{}", 400, kInvalid, "templateName"},
       {"too short", "POST", path, R"({"templateName":"T","validForSeconds":59})", 400, kInvalid,
        "60"},
       {"too long", "POST", path, R"({"templateName":"T","validForSeconds":315360001})", 400,
        kInvalid, "315360000"},
       {"no devices", "POST", path, R"({"templateName":"T","maxDevices":0})", 400, kInvalid,
        "maxDevices"},
       {"half a device", "POST", path, R"({"templateName":"T","maxDevices":0.5})", 400, kInvalid,
        "integer"}});
}

TEST_F(Claims, AreCreatedCompletelyOrNotAtAll) {
  create("T");
  for (int call = 1; call < 20; ++call) {
    world.store.fail_call(call, test::FaultyStore::When::before);
    const Reply reply = world.call("POST", "/imprint/v1/claims", R"({"templateName":"T"})");
    if (!world.store.has_failed()) {
      EXPECT_EQ(reply.status, 200);
      EXPECT_GT(call, 3);
      return;
    }
    EXPECT_EQ(reply.status, 503) << call;
    EXPECT_EQ(reply.error, "ServiceUnavailableException");
    EXPECT_TRUE(world.all<registry::Certificate>(registry::query::Certificates{}).empty()) << call;
    EXPECT_TRUE(world.all<registry::Policy>(registry::query::Policies{}).empty()) << call;
  }
  FAIL() << "the store never stopped failing";
}

}  // namespace
}  // namespace imprint::control_api
