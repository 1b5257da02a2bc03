// SPDX-License-Identifier: Apache-2.0
#include "templates/template.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sstream>

#include "outcome/causes.h"

namespace imprint::templates {
namespace {

const std::string kId(64, 'a');
const Predefined kPredefined{{{"AWS::IoT::Certificate::Id", kId}}};

std::string mission() {
  std::ifstream in(IMPRINT_TEST_DIR "/golden/templates/mission-fleet-provisioning-template.json");
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

/// A fleet template with one thing property set and parameters A and B.
std::string with(std::string_view thing_properties) {
  return fmt::format(
      R"({{"Parameters":{{"A":{{"Type":"String"}},"B":{{"Type":"String","Default":"b"}}}},
          "Resources":{{"t":{{"Type":"AWS::IoT::Thing","Properties":{{{}}}}},
          "c":{{"Type":"AWS::IoT::Certificate",
                "Properties":{{"CertificateId":{{"Ref":"AWS::IoT::Certificate::Id"}}}}}}}}}})",
      thing_properties);
}

std::string with_policy(std::string_view document) {
  return fmt::format(
      R"({{"Parameters":{{"A":{{"Type":"String"}}}},
          "Resources":{{"p":{{"Type":"AWS::IoT::Policy","Properties":{{"PolicyDocument":{}}}}},
          "c":{{"Type":"AWS::IoT::Certificate",
                "Properties":{{"CertificateId":{{"Ref":"AWS::IoT::Certificate::Id"}}}}}}}}}})",
      document);
}

// Follows the specification's walk through the example template, step by step.
TEST(Template, TheExampleTemplateGivesTheSpecifiedResources) {
  const auto parsed = Template::parse(mission(), Use::fleet);
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_TRUE(Template::lint(mission(), Use::fleet).empty());
  EXPECT_TRUE(parsed->has_thing());
  EXPECT_EQ(parsed->parameters().size(), 3U);

  const auto found =
      parsed->evaluate({{"SerialNumber", "A1B2"}, {"FirmwareVersion", "1.0.0"}}, kPredefined);
  ASSERT_TRUE(found) << describe(found.error());
  ASSERT_TRUE(found->thing);
  EXPECT_EQ(found->thing->name.str(), "device-A1B2");
  EXPECT_EQ(found->thing->type->str(), "SmartSensor");
  EXPECT_EQ(found->thing->type_override, Override::replace);
  ASSERT_TRUE(found->thing->attributes);
  ASSERT_EQ(found->thing->attributes->size(), 1U);
  EXPECT_EQ(found->thing->attributes->begin()->first.str(), "firmwareVersion");
  EXPECT_EQ(found->thing->attributes->begin()->second, "1.0.0");
  EXPECT_EQ(found->thing->attributes_override, Override::merge);
  ASSERT_EQ(found->thing->groups->size(), 1U);
  EXPECT_EQ(found->thing->groups->front().str(), "unprovisioned-devices");
  EXPECT_EQ(found->thing->groups_override, Override::do_nothing);
  ASSERT_TRUE(found->certificate);
  EXPECT_EQ(found->certificate->source, CertificateResource::Source::certificate_id);
  EXPECT_EQ(found->certificate->value, kId);
  EXPECT_TRUE(found->certificate->active);
  EXPECT_FALSE(found->certificate->exclusive_thing);
  ASSERT_EQ(found->policies.size(), 1U);
  EXPECT_EQ(std::get<PolicyName>(found->policies[0].policy).str(), "FleetDevicePolicy");
  EXPECT_TRUE(found->device_configuration.empty());

  for (const Parameters& bad : {Parameters{},
                                {{"SerialNumber", "A1B2"}},
                                {{"FirmwareVersion", "1"}},
                                {{"SerialNumber", "A B"}, {"FirmwareVersion", "1"}},
                                {{"SerialNumber", "A"}, {"FirmwareVersion", "1.0+build 5"}}}) {
    const auto refused = parsed->evaluate(bad, kPredefined);
    ASSERT_FALSE(refused);
    EXPECT_EQ(name_of(refused.error().cause), "InvalidParameters");
    EXPECT_EQ(refused.error().fault, Fault::invalid);
    EXPECT_FALSE(refused.error().where.empty());
  }
}

TEST(Template, ParseReportsTheFirstFindingsAndTheirNumber) {
  const auto refused =
      Template::parse(with(R"("ThingName":1,"A":1,"B":1,"C":1,"D":1)"), Use::fleet);
  ASSERT_FALSE(refused);
  EXPECT_EQ(name_of(refused.error().cause), "InvalidRequest");
  EXPECT_EQ(refused.error().where, "$.Resources.t.Properties.ThingName");
  EXPECT_NE(refused.error().message.find("$.Resources.t.Properties.B"), std::string::npos);
  EXPECT_EQ(refused.error().message.find("$.Resources.t.Properties.C"), std::string::npos);
  EXPECT_NE(refused.error().message.find("And 2 more"), std::string::npos);
}

TEST(Template, LintIsBounded) {
  std::string properties = R"("ThingName":"x")";
  for (int i = 0; i < 400; ++i) properties += fmt::format(",\"p{}\":1", i);
  EXPECT_EQ(Template::lint(with(properties), Use::fleet).size(), Problems::kMaxProblems);
}

TEST(Template, CountsCharactersNotBytes) {
  const auto padded = [](std::size_t count) {
    std::string text = with(R"("ThingName":{"Ref":"A"})");
    const std::string tail = R"(,"DeviceConfiguration":{"x":")";
    text.pop_back();
    text += tail;
    const std::size_t left = count - text.size() - 3;
    for (std::size_t i = 0; i < left; ++i) text += "é";
    return text + "\"}}";
  };
  EXPECT_TRUE(Template::parse(padded(kMaxTemplateCharacters), Use::fleet));
  EXPECT_FALSE(Template::parse(padded(kMaxTemplateCharacters + 1), Use::fleet));
}

TEST(Template, JoinsAreBounded) {
  std::string items = R"({"Ref":"A"})";
  for (int i = 0; i < 200; ++i) items += R"(,{"Ref":"A"})";
  const auto parsed = Template::parse(
      with(fmt::format(R"("ThingName":{{"Fn::Join":["",[{}]]}})", items)), Use::fleet);
  ASSERT_TRUE(parsed) << describe(parsed.error());
  const auto refused = parsed->evaluate({{"A", std::string(4096, 'x')}}, kPredefined);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("grow beyond"), std::string::npos);
  EXPECT_TRUE(parsed->evaluate({{"A", ""}}, kPredefined).error().message.find("empty") !=
              std::string::npos);
}

TEST(Template, NestedSubstitutionIsLinear) {
  // Each level refers to the one below a hundred times: expanded, 100^7 copies.
  std::string inner = R"({"Ref":"A"})";
  std::string names;
  for (int i = 0; i < 100; ++i) names += "${X}";
  for (int level = 0; level < 7; ++level)
    inner = fmt::format(R"({{"Fn::Sub":["{}",{{"X":{}}}]}})", names, inner);
  const auto parsed = Template::parse(with(R"("ThingName":)" + inner), Use::fleet);
  ASSERT_TRUE(parsed) << describe(parsed.error());
  EXPECT_NE(parsed->evaluate({{"A", "xy"}}, kPredefined).error().message.find("grow beyond"),
            std::string::npos);
  EXPECT_NE(parsed->evaluate({{"A", ""}}, kPredefined).error().message.find("empty"),
            std::string::npos);
}

TEST(Template, SubEntriesTakePrecedenceOverParameters) {
  const auto parsed =
      Template::parse(with(R"("ThingName":{"Fn::Sub":["${A}-${B}",{"A":"entry"}]})"), Use::fleet);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->evaluate({{"A", "device"}}, kPredefined)->thing->name.str(), "entry-b");
}

TEST(Template, SubstitutesInOnePass) {
  const auto configured = Template::parse(
      R"({"Parameters":{"A":{"Type":"String"},"B":{"Type":"String"}},
          "Resources":{"c":{"Type":"AWS::IoT::Certificate",
            "Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}},
          "DeviceConfiguration":{"v":{"Fn::Sub":"${A}/${B}"}}})",
      Use::fleet);
  ASSERT_TRUE(configured);
  const auto found = configured->evaluate({{"A", "${B}"}, {"B", "${A}"}}, kPredefined);
  ASSERT_TRUE(found);
  EXPECT_EQ(encoding::to_json(found->device_configuration), R"({"v":"${B}/${A}"})");
}

// --- properties

/// Texts of valid characters, with an occasional invalid one.
rc::Gen<std::string> mostly(const std::string& good, const std::string& bad) {
  return rc::gen::container<std::string>(
      rc::gen::weightedOneOf<char>({{30, rc::gen::elementOf(good)}, {1, rc::gen::elementOf(bad)}}));
}

std::string document_with(const Template& parsed, const std::string& value) {
  const auto found = parsed.evaluate({{"A", value}}, kPredefined);
  return found ? std::get<PolicyDocument>(found->policies.at(0).policy).text : std::string();
}

RC_GTEST_PROP(TemplateProperty, ADeviceValueNeverChangesThePolicysMeaning, ()) {
  static const Template kForms[] = {
      *Template::parse(with_policy(R"({"R":[{"Fn::Sub":"t/${A}/*"},{"Ref":"A"}]})"), Use::fleet),
      *Template::parse(with_policy(R"({"Fn::Sub":"{\"R\":[\"t/${A}/*\",\"${iot:ClientId}\"]}"})"),
                       Use::fleet),
      *Template::parse(with_policy(R"({"R":{"Fn::Select":["0",{"Fn::Split":["-",{"Ref":"A"}]}]}})"),
                       Use::fleet)};
  const std::string value = *mostly("abcxyz019-_:. ", "*?${}\"\\+#/\n");
  for (const Template& form : kForms) {
    const std::string document = document_with(form, value);
    RC_TAG(document.empty() ? "refused" : "taken");
    if (document.empty()) continue;
    const auto special = [](const std::string& text) {
      std::string out;
      std::ranges::copy_if(text, std::back_inserter(out), [](char c) {
        return std::string_view("*?${}\"\\+#/[],").find(c) != std::string_view::npos;
      });
      return out;
    };
    RC_ASSERT(special(document) == special(document_with(form, "x")));
    RC_ASSERT(encoding::parse_json(document).has_value());
  }
}

RC_GTEST_PROP(TemplateProperty, EvaluatedResourcesAreValid, (const Parameters& drawn)) {
  static const Template kMission = *Template::parse(mission(), Use::fleet);
  Parameters parameters = drawn;
  parameters["SerialNumber"] = *mostly("aZ09:_-", " /+*\n");
  parameters["FirmwareVersion"] = *mostly("aZ09.[]=@", " +*\"");
  const auto found = kMission.evaluate(parameters, kPredefined);
  RC_TAG(found ? "valid" : "refused");
  if (!found) {
    RC_ASSERT(name_of(found.error().cause) == "InvalidParameters");
    return;
  }
  RC_ASSERT(found->thing->name.str() == "device-" + parameters["SerialNumber"]);
  RC_ASSERT(ThingName::parse(found->thing->name.str()).has_value());
  for (const auto& [name, value] : *found->thing->attributes)
    RC_ASSERT(check_attribute_value(value).has_value());
}

/// The paths of values that are invalid whatever the device's parameters.
std::vector<std::string> literal_faults(const std::string& body) {
  const auto parsed = Template::parse(body, Use::fleet);
  EXPECT_TRUE(parsed) << describe(parsed.error()) << body;
  std::vector<std::string> out;
  for (const Problem& problem : parsed->literal_problems()) out.push_back(problem.path);
  std::size_t errors = 0;
  for (const Problem& problem : Template::lint(body, Use::fleet))
    errors += problem.severity == Severity::error ? 1 : 0;
  EXPECT_EQ(errors, out.size()) << "lint lists them, too";
  return out;
}

TEST(Literals, ThatMakeANameInvalidForEveryDeviceAreFound) {
  const std::string name = "$.Resources.t.Properties.ThingName";
  const std::string groups = "$.Resources.t.Properties.ThingGroups";
  const std::string attribute = "$.Resources.t.Properties.AttributePayload.a";
  const std::string long_text(900, 'x');
  const struct {
    std::string properties;
    std::string path;
  } rows[] = {
      {R"("ThingName":{"Fn::Join":["",["bad name ",{"Ref":"A"}]]})", name},
      {R"("ThingName":{"Fn::Sub":"bad name ${A}"})", name},
      {R"("ThingName":{"Fn::Sub":")" + std::string(129, 'x') + R"(${A}"})", name},
      {R"("ThingName":{"Fn::Join":[" ",[{"Ref":"A"},{"Ref":"B"}]]})", name},
      {R"("ThingName":{"Fn::Select":[{"Ref":"A"},["good","bad name"]]})", name},
      {R"("ThingName":{"Ref":"A"},"ThingGroups":{"Fn::Split":[",","good,bad name"]})", groups},
      {R"("ThingName":{"Ref":"A"},"ThingGroups":["good",{"Fn::Sub":"bad name ${A}"}])",
       groups + "[1]"},
      {R"("ThingName":{"Ref":"A"},"AttributePayload":{"a":{"Fn::Sub":")" + long_text + R"(${A}"}})",
       attribute},
  };
  for (const auto& row : rows)
    EXPECT_EQ(literal_faults(with(row.properties)), std::vector<std::string>{row.path})
        << row.properties;
  for (const std::string good :
       {R"("ThingName":{"Fn::Sub":"device-${A}"})", R"("ThingName":{"Ref":"A"})",
        R"("ThingName":{"Fn::Select":[{"Ref":"A"},["one","two"]]})",
        R"("ThingName":{"Fn::Select":["0",{"Fn::Split":[" ",{"Ref":"A"}]}]})",
        R"("ThingName":{"Ref":"A"},"AttributePayload":{"a":{"Fn::Sub":"v${A}"}})"})
    EXPECT_TRUE(literal_faults(with(good)).empty()) << good;
}

TEST(Literals, InMapsAreFoundWhereADeviceMaySelectThem) {
  const auto with_map = [](const std::string& second) {
    return R"({"Parameters":{"A":{"Type":"String"}},"Mappings":{"M":{"k":{"name":"bad name","other":"bad name"},"l":{"name":"good","other":"good"}}},
      "Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"A"},"ThingTypeName":{"Fn::FindInMap":["M",)" +
           second + R"(]}}},
      "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}}})";
  };
  EXPECT_EQ(literal_faults(with_map(R"({"Ref":"A"},"name")")).size(), 1U);
  EXPECT_EQ(literal_faults(with_map(R"("l",{"Ref":"A"})")).size(), 0U);
}

TEST(PolicyTexts, RepresentTheDocumentsOfAllDevices) {
  const auto text = [](std::string_view document) {
    const auto parsed = Template::parse(with_policy(document), Use::fleet);
    EXPECT_TRUE(parsed) << describe(parsed.error());
    return parsed->policy_texts();
  };
  const auto sure = text(R"({"Statement":{"Resource":{"Fn::Sub":"topic/${A}"}}})");
  ASSERT_EQ(sure.size(), 1U);
  EXPECT_TRUE(sure[0].is_certain);
  EXPECT_EQ(sure[0].path, "$.Resources.p.Properties.PolicyDocument");
  EXPECT_NE(sure[0].text.find("topic/Sample1"), std::string::npos);
  const auto unsure = text(R"({"Statement":{"Effect":{"Ref":"A"}}})");
  ASSERT_EQ(unsure.size(), 1U);
  EXPECT_FALSE(unsure[0].is_certain) << "a device may send Allow";
}

}  // namespace
}  // namespace imprint::templates
