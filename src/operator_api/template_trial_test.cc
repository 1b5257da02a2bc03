// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;
using ::testing::Contains;

constexpr std::string_view kBody =
    R"({"Parameters":{"S":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Fn::Join":["-",["dev",{"Ref":"S"}]]},
           "AttributePayload":{"serial":{"Ref":"S"}},"ThingGroups":["g"]},
           "OverrideSettings":{"AttributePayload":"MERGE"}},
      "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"ACTIVE"}},
      "p":{"Type":"AWS::IoT::Policy","Properties":{"PolicyDocument":{"Version":"2012-10-17","Statement":[
           {"Effect":"Allow","Action":"iot:Connect","Resource":{"Fn::Sub":"arn:aws:iot:*:*:client/dev-${S}"}}]}}}},
      "DeviceConfiguration":{"url":"mqtts://x"}})";

class TemplateTrial : public ::testing::Test {
 protected:
  void SetUp() override {
    world.must("POST", "/thing-groups/g");
    make_template("T", kBody, "FLEET_PROVISIONING");
  }
  void make_template(const std::string& name, std::string_view body, const std::string& type) {
    world.must("POST", "/provisioning-templates",
               encoding::to_json(
                   json::object{{"templateName", name},
                                {"templateBody", body},
                                {"type", type},
                                {"enabled", true},
                                {"provisioningRoleArn", "arn:aws:iam::000000000000:role/r"}}));
  }
  Reply attempt(const std::string& body, const std::string& name = "T") {
    return world.call("POST", "/imprint/v1/templates/" + name + "/try", body);
  }
  /// "create thing", "update certificate", ..., each with the whole change as text.
  static std::vector<std::string> changes(const Reply& reply) {
    std::vector<std::string> out;
    for (const json::value& change : reply.list("changes"))
      out.push_back(encoding::to_json(change));
    return out;
  }
  std::size_t things() { return world.must("GET", "/things").list("things").size(); }
  ControlApiWorld world;
};

TEST_F(TemplateTrial, ShowsEveryChangeAndMakesNone) {
  const Reply reply = attempt(R"({"parameters":{"S":"1"}})");
  ASSERT_EQ(reply.status, 200) << reply.message();
  EXPECT_TRUE(reply.body.at("allowed").as_bool());
  EXPECT_EQ(reply.text("thingName"), "dev-1");
  EXPECT_EQ(encoding::to_json(reply.body.at("deviceConfiguration")), R"({"url":"mqtts://x"})");
  EXPECT_THAT(reply.list("policies").front().at("policyDocument").as_string().c_str(),
              HasSubstr("client/dev-1\""))
      << "the document after substitution";
  const auto all = changes(reply);
  for (const char* part :
       {R"("action":"create","kind":"thing","thingName":"dev-1","attributes":{"serial":"1"})",
        R"("kind":"group membership","thingName":"dev-1","thingGroupName":"g")",
        R"("action":"create","kind":"policy version")", R"("kind":"policy attachment")",
        R"("kind":"thing principal")",
        R"("status":"ACTIVE","before":{"status":"PENDING_ACTIVATION"})"}) {
    EXPECT_THAT(all, Contains(HasSubstr(part)));
  }
  EXPECT_EQ(things(), 0U);
  EXPECT_TRUE(world.must("GET", "/policies").list("policies").empty());
}

TEST_F(TemplateTrial, ShowsTheChangesToAnExistingThing) {
  world.must("POST", "/things/dev-1",
             R"({"attributePayload":{"attributes":{"serial":"0","room":"7"}}})");
  EXPECT_THAT(
      changes(attempt(R"({"parameters":{"S":"1"}})")),
      Contains(HasSubstr(
          R"("attributes":{"room":"7","serial":"1"},"before":{"thingName":"dev-1","attributes":{"room":"7","serial":"0"}})")));
}

TEST_F(TemplateTrial, SaysWhyADeviceWouldBeRefused) {
  const Reply missing = attempt("{}");
  EXPECT_EQ(missing.status, 200);
  EXPECT_FALSE(missing.body.at("allowed").as_bool());
  EXPECT_EQ(missing.text("errorCode"), "InvalidParameters");
  EXPECT_THAT(missing.text("path"), HasSubstr("$.Resources.t.Properties.ThingName"));
  world.must("DELETE", "/thing-groups/g");
  EXPECT_THAT(attempt(R"({"parameters":{"S":"1"}})").text("errorMessage"),
              HasSubstr("group \"g\""));
}

TEST_F(TemplateTrial, RefusesWhereADeviceWouldBeRefused) {
  world.settings.set({.fleet_limit = 1, .key_algorithm = x509::KeyAlgorithm::ec_p256});
  EXPECT_TRUE(attempt(R"({"parameters":{"S":"1"}})").body.at("allowed").as_bool());
  registry::ChangeSet changes;
  changes.add(registry::Count{"things-of-template/T", 1});
  ASSERT_TRUE(runtime::run_blocking(world.store.commit(std::move(changes))));
  EXPECT_EQ(attempt(R"({"parameters":{"S":"1"}})").text("errorCode"), "AccessDenied");
  world.must("PATCH", "/provisioning-templates/T", R"({"enabled":false})");
  EXPECT_EQ(attempt(R"({"parameters":{"S":"1"}})").text("errorCode"), "TemplateDisabled");
}

TEST_F(TemplateTrial, TakesAnotherBodyOrVersion) {
  const json::object request{
      {"parameters", {{"S", "1"}}},
      {"templateBody",
       R"({"Parameters":{"S":{"Type":"String"}},"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"S"}}},"c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}}})"}};
  EXPECT_EQ(attempt(encoding::to_json(request)).text("thingName"), "1");
  EXPECT_EQ(attempt(R"({"parameters":{"S":"1"},"versionId":2})").status, 404);
}

constexpr std::string_view kJustInTimeBody =
    R"({"Parameters":{"AWS::IoT::Certificate::CommonName":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},
      "Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"AWS::IoT::Certificate::CommonName"}}},
      "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"},"Status":"ACTIVE"}}}})";

/// A template and a registered CA whose devices it would provision.
class JustInTimeTrial : public TemplateTrial {
 protected:
  void SetUp() override {
    make_template("J", kJustInTimeBody, "JITP");
    ca_path = "/cacertificate/" + register_ca(factory);
  }
  std::string register_ca(const test::Identity& ca) {
    const json::object body{{"caCertificate", ca.certificate.pem()},
                            {"certificateMode", "SNI_ONLY"}};
    return world
        .must("POST", "/cacertificate?setAsActive=true&allowAutoRegistration=true",
              encoding::to_json(body))
        .text("certificateId");
  }
  Reply attempt_with(const std::string& pem, const std::string& name = "J") {
    return attempt(encoding::to_json(json::object{{"certificatePem", pem}}), name);
  }
  void expect_refused(const std::string& pem, const std::string& because) {
    const Reply reply = attempt_with(pem);
    ASSERT_EQ(reply.status, 200) << because << ": " << reply.message();
    EXPECT_FALSE(reply.body.at("allowed").as_bool()) << because;
    EXPECT_THAT(reply.text("errorMessage"), HasSubstr(because));
  }
  template <class Change>
  std::string changed(Change change) {
    return test::make_child(factory, "unit-7", [&](x509::TbsCertificate& tbs) { change(tbs); })
        .certificate.pem();
  }
  test::Identity factory = test::make_root("Factory CA");
  std::string ca_path;
};

TEST_F(JustInTimeTrial, ReadsTheCertificate) {
  const test::Identity device = test::make_device(factory, "unit-7");
  const Reply reply = attempt_with(device.certificate.pem());
  EXPECT_EQ(reply.text("thingName"), "unit-7") << reply.message() << reply.text("errorMessage");
  EXPECT_THAT(changes(reply), Contains(HasSubstr(device.certificate.id().hex())));
  const Reply without = attempt("{}", "J");
  EXPECT_FALSE(without.body.at("allowed").as_bool());
}

TEST_F(JustInTimeTrial, FindsTheCaOverIntermediatesThatFollow) {
  const test::Identity middle = test::make_intermediate(factory, "Line CA");
  const std::string device = test::make_device(middle, "unit-7").certificate.pem();
  expect_refused(device, "no registered CA certificate signed it");
  const Reply reply = attempt_with(device + middle.certificate.pem());
  EXPECT_EQ(reply.text("thingName"), "unit-7") << reply.message() << reply.text("errorMessage");
}

TEST_F(JustInTimeTrial, RefusesWhatTheHandshakeRefuses) {
  const std::string fine = test::make_device(factory, "unit-7").certificate.pem();
  expect_refused(changed([](auto& tbs) { tbs.not_after = test::kToday - test::kDay / 2; }),
                 "expired");
  expect_refused(changed([](auto& tbs) {
                   tbs.extensions.extended_key_usage = {std::string(x509::kServerAuth)};
                 }),
                 "purpose");
  const test::Identity other = test::make_root("Other CA");
  expect_refused(test::make_device(other, "unit-7").certificate.pem(),
                 "no registered CA certificate signed it");
  expect_refused(other.certificate.pem(), "no registered CA certificate signed it");
  world.must("PUT", ca_path + "?newAutoRegistrationStatus=DISABLE");
  expect_refused(fine, "auto-registration is disabled");
  world.must("PUT", ca_path + "?newAutoRegistrationStatus=ENABLE&newStatus=INACTIVE");
  expect_refused(fine, "INACTIVE");
}

TEST_F(JustInTimeTrial, RefusesACertificateThatIsInServiceAndAKeyThatWasRevoked) {
  const test::Identity device = test::make_device(factory, "unit-7");
  const json::object body{{"certificatePem", device.certificate.pem()}, {"status", "ACTIVE"}};
  world.must("POST", "/certificate/register-no-ca", encoding::to_json(body));
  expect_refused(device.certificate.pem(), "is registered and ACTIVE");
  world.must("PUT", "/certificates/" + device.certificate.id().hex() + "?newStatus=REVOKED");
  const auto again = test::make_child(factory, "unit-7", device.key,
                                      [](auto& tbs) { tbs.serial = test::serial(9); });
  expect_refused(again.pem(), "revoked");
}

TEST_F(TemplateTrial, AsksTheHookAndAppliesWhatItSays) {
  world.must("PATCH", "/provisioning-templates/T",
             R"({"preProvisioningHook":{"targetArn":"arn:aws:lambda:a:b:function:c"}})");
  world.hooks.answer(R"({"allowProvisioning":true,"parameterOverrides":{"S":"9","Region":"eu"}})");
  const Reply reply = attempt(R"({"parameters":{"S":"1"}})");
  EXPECT_EQ(reply.text("thingName"), "dev-9");
  const auto& hook = reply.body.at("hook").as_object();
  EXPECT_EQ(hook.at("outcome").as_string(), "ok");
  EXPECT_EQ(encoding::to_json(hook.at("undeclared")), R"(["Region"])");
  ASSERT_EQ(world.hooks.asked.size(), 1U);
  EXPECT_THAT(
      world.hooks.asked[0].second,
      HasSubstr(R"("templateArn":"arn:aws:iot:us-east-1:000000000000:provisioningtemplate/T")"));
  const Reply without = attempt(R"({"parameters":{"S":"1"},"noHook":true})");
  EXPECT_EQ(without.text("thingName"), "dev-1");
  EXPECT_FALSE(without.body.contains("hook"));
  EXPECT_EQ(world.hooks.asked.size(), 1U);
}

TEST_F(TemplateTrial, ShowsAnOperatorWhyTheHookSaidNo) {
  world.must("PATCH", "/provisioning-templates/T",
             R"({"preProvisioningHook":{"targetArn":"arn:aws:lambda:a:b:function:c"}})");
  world.hooks.answer(R"({"errorType":"Error","errorMessage":"Unknown serial: 1"})");
  const Reply reply = attempt(R"({"parameters":{"S":"1"}})");
  EXPECT_EQ(reply.text("errorCode"), "AccessDenied");
  EXPECT_EQ(reply.text("errorMessage").find("Unknown serial"), std::string::npos);
  const auto& hook = reply.body.at("hook").as_object();
  EXPECT_EQ(hook.at("outcome").as_string(), "denied");
  EXPECT_THAT(hook.at("because").as_string().c_str(), HasSubstr("Unknown serial: 1"));
}

TEST_F(TemplateTrial, RefusesBadInput) {
  for (const std::string body : {R"({"parameters":{"S":1}})", R"({"certificatePem":"x"})",
                                 R"({"certificateId":"zz"})", R"({"templateBody":"{"})"}) {
    EXPECT_EQ(attempt(body).status, 400) << body;
  }
  EXPECT_EQ(attempt("{}", "nobody").status, 404);
}

}  // namespace
}  // namespace imprint::operator_api
