// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator_api/words.h"
#include "test/support/control_api_world.h"

namespace imprint::operator_api {
namespace {

using namespace test::words;
using ::testing::IsEmpty;

class TemplateLint : public ::testing::Test {
 protected:
  std::vector<std::string> lint(const std::string& body,
                                const std::string& type = "FLEET_PROVISIONING") {
    const json::object request{{"templateBody", body}, {"type", type}};
    const Reply reply =
        world.must("POST", "/imprint/v1/templates/lint", encoding::to_json(request));
    std::vector<std::string> out;
    for (const json::value& problem : reply.list("problems")) {
      const json::object& one = problem.as_object();
      out.push_back(fmt::format("{} {}: {}; {}", one.at("severity").as_string().c_str(),
                                one.at("path").as_string().c_str(),
                                one.at("message").as_string().c_str(),
                                one.at("remedy").as_string().c_str()));
    }
    return out;
  }
  static std::string with_policy(const std::string& policy) {
    return R"({"Parameters":{"S":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},"Resources":{
      "t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"S"},"ThingTypeName":"Sensor","ThingGroups":["g"]}},
      "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}},
      "p":{"Type":"AWS::IoT::Policy","Properties":)" +
           policy + "}}}";
  }
  ControlApiWorld world;
};

TEST_F(TemplateLint, NamesWhatTheRegistryDoesNotHaveYet) {
  const std::string body = with_policy(R"({"PolicyName":"P"})");
  EXPECT_THAT(
      lint(body),
      ElementsAre(
          HasSubstr("there is no thing type \"Sensor\" yet"),
          HasSubstr("there is no thing group \"g\" yet"),
          HasSubstr("warning $.Resources.p.Properties.PolicyName: there is no policy \"P\" yet")));
  world.must("POST", "/thing-types/Sensor");
  world.must("POST", "/thing-groups/g");
  world.make_policy("P");
  EXPECT_THAT(lint(body), IsEmpty());
}

TEST_F(TemplateLint, ReadsInlinePoliciesAsTheyWouldBe) {
  world.must("POST", "/thing-types/Sensor");
  world.must("POST", "/thing-groups/g");
  EXPECT_THAT(
      lint(with_policy(R"({"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
      "Action":"iot:Connect","Resource":{"Fn::Sub":"arn:aws:iot:*:*:client/${S}"}}]}})")),
      IsEmpty());
  EXPECT_THAT(
      lint(with_policy(R"({"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
      "Action":"iot:Conect","Resource":"*"}]}})")),
      ElementsAre(HasSubstr("error $.Resources.p.Properties.PolicyDocument: is no policy")));
  EXPECT_THAT(
      lint(with_policy(R"({"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Deny",
        "Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/${iot:Connection.Thing.ThingName}/x"}]}})")),
      ElementsAre(
          HasSubstr("warning $.Resources.p.Properties.PolicyDocument: statement 0 denies by "
                    "${iot:Connection.Thing.ThingName}")));
}

TEST_F(TemplateLint, CreationRefusesWrongLiteralsToo) {
  const auto create = [&](const std::string& body, const std::string& type) {
    return world.call("POST", "/provisioning-templates",
                      encoding::to_json(json::object{
                          {"templateName", "New"},
                          {"templateBody", body},
                          {"type", type},
                          {"provisioningRoleArn", "arn:aws:iam::000000000000:role/Provisioning"}}));
  };
  const std::string fleet_policy = with_policy(
      R"({"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Alow","Action":"iot:Connect","Resource":"*"}]}})");
  const std::string text_policy =
      with_policy(R"({"PolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[]}"})");
  const std::string name = with_policy(R"({"PolicyName":{"Fn::Sub":"bad name ${S}"}})");
  const std::string jitp =
      R"({"Parameters":{"AWS::IoT::Certificate::CommonName":{"Type":"String"}},"Resources":{
      "t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Fn::Sub":"bad name ${AWS::IoT::Certificate::CommonName}"}}},
      "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}}})";
  for (const auto& [body, type] :
       std::vector<std::pair<std::string, std::string>>{{fleet_policy, "FLEET_PROVISIONING"},
                                                        {text_policy, "FLEET_PROVISIONING"},
                                                        {text_policy, "JITP"},
                                                        {name, "FLEET_PROVISIONING"},
                                                        {jitp, "JITP"}}) {
    // For JITP, a parameter that the device would send is wrong, too.
    const std::string told = type == "JITP" && body == text_policy ? "$" : "$.Resources";
    const Reply refused = create(body, type);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.error, "InvalidRequestException");
    EXPECT_THAT(refused.message(), HasSubstr(told)) << body;
    EXPECT_THAT(lint(body, type), ::testing::Contains(HasSubstr("error $"))) << body;
  }
  const std::string good = with_policy(R"({"PolicyName":"P"})");
  ASSERT_EQ(create(good, "FLEET_PROVISIONING").status, 200);
  EXPECT_EQ(world
                .call("POST", "/provisioning-templates/New/versions",
                      encoding::to_json(json::object{{"templateBody", fleet_policy}}))
                .status,
            400);
}

TEST_F(TemplateLint, WarnsOfAnEmptyDefaultInTheThingsName) {
  const std::string body =
      R"({"Parameters":{"SerialNumber":{"Type":"String","Default":""}},"Resources":{
      "t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Fn::Sub":"device-${SerialNumber}"}}},
      "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}}})";
  EXPECT_THAT(lint(body), ::testing::Contains(HasSubstr(
                              "warning $.Parameters.SerialNumber.Default: is empty and part of "
                              "the thing's name")));
}

TEST_F(TemplateLint, TellsAllErrorsAtOnce) {
  EXPECT_THAT(
      lint(R"({"Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"A"}}},
                       "x":{"Type":"AWS::IoT::Nothing","Properties":{}}}})"),
      ::testing::IsSupersetOf({HasSubstr("refers to \"A\""), HasSubstr("AWS::IoT::Nothing")}));
  EXPECT_THAT(lint("{"), ElementsAre(HasSubstr("error $")));
  EXPECT_THAT(lint(std::string(20'000, ' ')), ElementsAre(HasSubstr("20000 characters")));
  EXPECT_EQ(
      world.call("POST", "/imprint/v1/templates/lint", R"({"templateBody":"{}","type":"OTHER"})")
          .status,
      400);
}

}  // namespace
}  // namespace imprint::operator_api
