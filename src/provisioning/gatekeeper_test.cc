// SPDX-License-Identifier: Apache-2.0
#include "provisioning/gatekeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outcome/causes.h"
#include "provisioning/caller.h"
#include "provisioning/template_settings.h"
#include "test/support/memory_store.h"

namespace imprint::provisioning {
namespace {

using registry::TemplateSettings;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const ListName kList = *ListName::parse("line-a");

// ---- check digits ----

TEST(CheckDigit, AcceptsTheStandardsExamplesAndRefusesTypos) {
  const struct {
    CheckDigit kind;
    std::string text;
    bool right;
  } rows[] = {
      {CheckDigit::luhn, "79927398713", true},
      {CheckDigit::luhn, "490154203237518", true},  // an IMEI
      {CheckDigit::luhn, "79927398710", false},
      {CheckDigit::luhn, "79927398731", false},
      {CheckDigit::luhn, "7992739871X", false},
      {CheckDigit::luhn, "0", false},
      {CheckDigit::luhn, "", false},
      {CheckDigit::iso7064_mod11_2, "0000000218250097", true},  // an ORCID
      {CheckDigit::iso7064_mod11_2, "000000021694233X", true},
      {CheckDigit::iso7064_mod11_2, "079X", true},  // the standard's own example
      {CheckDigit::iso7064_mod11_2, "0790", false},
      {CheckDigit::iso7064_mod11_2, "079x", false},
      {CheckDigit::iso7064_mod11_2, "X79", false},
      {CheckDigit::iso7064_mod11_2, "X", false},
      {CheckDigit::mod10_gs1, "4006381333931", true},  // a GTIN-13
      {CheckDigit::mod10_gs1, "73513537", true},       // a GTIN-8
      {CheckDigit::mod10_gs1, "4006381333932", false},
      {CheckDigit::mod10_gs1, "4006381333913", false},
      {CheckDigit::mod10_gs1, "-4006381333931", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(has_check_digit(row.kind, row.text), row.right)
        << to_string(row.kind) << " " << row.text;
  }
}

TEST(CheckDigit, FindsEveryWrongDigit) {
  const std::pair<CheckDigit, std::string> rights[] = {
      {CheckDigit::luhn, "79927398713"},
      {CheckDigit::iso7064_mod11_2, "0000000218250097"},
      {CheckDigit::mod10_gs1, "4006381333931"}};
  for (const auto& [kind, right] : rights) {
    for (std::size_t i = 0; i < right.size(); ++i) {
      for (char digit = '0'; digit <= '9'; ++digit) {
        std::string text = right;
        text[i] = digit;
        EXPECT_EQ(has_check_digit(kind, text), text == right) << to_string(kind) << " " << text;
      }
    }
  }
}

// ---- settings ----

TEST(TemplateSettings, RefusesInvalidSettingsWithKeyValueAndRemedy) {
  const struct {
    std::string key;
    std::string value;
    std::string message;
  } rows[] = {
      {"reprovision", "always", "same-key, replace, operator, never, aws"},
      {"jitp", "Inline", "inline, aws"},
      {"key-algorithm", "rsa-1024", "rsa-2048, ec-p256"},
      {"fleet-limit", "-1", "whole number"},
      {"fleet-limit", "1e3", "whole number"},
      {"fleet-limit", "99999999999999999999", "whole number"},
      {"certificate-validity", "10", "not a duration"},
      {"certificate-validity", "0s", "between 1m and 36500d"},
      {"allowlist", "a b", "write none for no list"},
      {"allowlist", "", "leave the key out"},
      {"allowlist", "a\nb", "control character"},
      {"serial-parameter", "a b", "without spaces"},
      {"parameter.A.pattern", "(", "not a regular expression"},
      {"parameter.A.pattern", R"((a)\1)", "back references"},
      {"parameter.A.pattern", "(?=a)", "look-around"},
      {"parameter.A.pattern", "a{2000}", "repetitions"},
      {"parameter.A.pattern", "((a{100}){100}){100}", "not a regular expression"},
      {"parameter.A.pattern", std::string(513, 'a'), "at most 512"},
      {"parameter.A.check-digit", "verhoeff", "luhn, iso7064-mod11-2, mod10-gs1"},
      {"parameter..pattern", "a", "not the name of a parameter"},
      {"parameter.A.length", "3", "no such rule"},
      {"override.", "x", "not the name of a parameter"},
      {"override.A.prefix:", "x", "serial is missing"},
      {"override.A", "column:", "column name is empty"},
      {"override.A", "column:a b", "column name"},
      {"override.AWS::IoT::Certificate::Id", "x", "cannot be overridden"},
      {"override.AWS::IoT::Certificate::CommonName.prefix:A", "x", "cannot be overridden"},
      {"Reprovision", "never", "no such setting; known are reprovision, allowlist"},
      {"", "x", "no such setting"},
      {"fleet-limit", std::string(1025, '1'), "at most 1024"},
  };
  for (const auto& row : rows) {
    const auto checked = check_template_settings({{row.key, row.value}});
    ASSERT_FALSE(checked) << row.key << " = " << row.value;
    EXPECT_EQ(checked.error().where, row.key);
    EXPECT_THAT(checked.error().message, HasSubstr(row.message)) << row.key << " = " << row.value;
  }
  TemplateSettings many;
  for (int i = 0; i < 129; ++i) many.emplace(fmt::format("override.A{}", i), "x");
  EXPECT_THAT(check_template_settings(many).error().message, HasSubstr("at most 128"));
}

TEST(TemplateSettings, OverrideTheDeploymentsSettings) {
  const Settings deployment{.reprovision = Reprovision::never,
                            .fleet_limit = 7,
                            .certificate_validity = std::chrono::hours(24),
                            .rules = {.allowlist = "all"}};
  const auto plain = settings_of(deployment, {});
  EXPECT_EQ(plain->reprovision, Reprovision::never);
  EXPECT_EQ(plain->rules.allowlist, "all");
  const auto own = settings_of(deployment, {{"reprovision", "replace"},
                                            {"allowlist", "none"},
                                            {"jitp", "aws"},
                                            {"key-algorithm", "ec-p256"},
                                            {"certificate-validity", "90d"}});
  ASSERT_TRUE(own);
  EXPECT_EQ(own->reprovision, Reprovision::replace);
  EXPECT_EQ(own->rules.allowlist, "");
  EXPECT_EQ(own->jitp, JitpMode::aws);
  EXPECT_EQ(own->key_algorithm, x509::KeyAlgorithm::ec_p256);
  EXPECT_EQ(own->certificate_validity, std::chrono::hours(24 * 90));
  EXPECT_EQ(own->fleet_limit, 7);
  EXPECT_EQ(settings_of(deployment, {{"of-a-newer-version", "x"}}).error().fault, Fault::internal);
}

TEST(TemplateSettings, ShowWhetherTheTemplateOrTheDeploymentSetsThem) {
  const auto shown =
      settings_in_force(Settings{.fleet_limit = 7}, {{"reprovision", "aws"}, {"override.A", "x"}});
  ASSERT_TRUE(shown);
  std::vector<std::string> lines;
  for (const auto& one : *shown)
    lines.push_back(fmt::format("{}={} {}", one.key, one.value, one.is_own));
  EXPECT_EQ(lines,
            (std::vector<std::string>{
                "reprovision=aws true", "allowlist=none false", "fleet-limit=7 false",
                "jitp=inline false", "jitp-hook=none false", "certificate-validity=3650d false",
                "key-algorithm=rsa-2048 false", "serial-parameter=SerialNumber false",
                "empty-serial=refuse false", "override.A=x true"}));
}

// ---- the decision ----

registry::ListEntry entry(const std::string& serial) {
  return {.list = kList, .serial = serial, .region = "eu", .extra = {{"hw", "2"}}, .version = 3};
}

Rules rules_of(const TemplateSettings& settings) {
  const auto sound = check_template_settings(settings);
  EXPECT_TRUE(sound) << sound.error().message;
  return settings_of({}, settings)->rules;
}

const TemplateName kTemplateName = *TemplateName::parse("T");

Applicant applicant(templates::Parameters parameters) {
  return {kTemplateName, templates::Use::fleet, std::move(parameters)};
}

TEST(Gatekeeper, RevealsTheRuleToOperatorsOnly) {
  registry::ListEntry blocked = entry("A1");
  blocked.is_blocked = true;
  registry::ListEntry of_other = entry("A1");
  of_other.template_name = *TemplateName::parse("Secret");
  registry::ListEntry bare = entry("A1");
  bare.region.clear();
  const struct {
    std::string name;
    Cause cause;
    TemplateSettings settings;
    templates::Parameters parameters;
    Listing listing;
    std::string message;
    std::string rule;
  } rows[] = {
      {"no such list",
       "ListMissing"_cause,
       {{"allowlist", "line-a"}},
       {{"SerialNumber", "A1"}},
       {},
       "\"A1\" may not register",
       "there is no such manufacturing list"},
      {"not listed",
       "NotListed"_cause,
       {{"allowlist", "line-a"}},
       {{"SerialNumber", "A1"}},
       {true, {}},
       "\"A1\" may not register",
       "line-a has no serial \"A1\""},
      {"blocked",
       "Blocked"_cause,
       {{"allowlist", "line-a"}},
       {{"SerialNumber", "A1"}},
       {true, blocked},
       "\"A1\" may not register",
       "line-a has serial \"A1\" as blocked"},
      {"of another template",
       "ListedForAnotherTemplate"_cause,
       {{"allowlist", "line-a"}},
       {{"SerialNumber", "A1"}},
       {true, of_other},
       "\"A1\" may not register",
       "for template \"Secret\" only"},
      {"no serial sent",
       "SerialMissing"_cause,
       {{"allowlist", "line-a"}},
       {{"X", "A1"}},
       {true, {}},
       "SerialNumber (missing)",
       "the device sends no SerialNumber"},
      {"another serial parameter",
       "SerialMissing"_cause,
       {{"allowlist", "line-a"}, {"serial-parameter", "Imei"}},
       {{"SerialNumber", "A1"}},
       {true, {}},
       "Imei (missing)",
       "the device sends no Imei"},
      {"pattern",
       "ParameterRefused"_cause,
       {{"parameter.SerialNumber.pattern", "A[0-9]"}},
       {{"SerialNumber", "A12"}},
       {},
       "\"A12\" does not have the form",
       "setting parameter.SerialNumber.pattern = A[0-9]"},
      {"pattern is for the whole value",
       "ParameterRefused"_cause,
       {{"parameter.SerialNumber.pattern", "A1|B"}},
       {{"SerialNumber", "A1B"}},
       {},
       "form",
       "pattern"},
      {"pattern and a line end",
       "ParameterRefused"_cause,
       {{"parameter.SerialNumber.pattern", "A.*"}},
       {{"SerialNumber", "A1\n"}},
       {},
       "form",
       "pattern"},
      {"check digit",
       "ParameterRefused"_cause,
       {{"parameter.Imei.check-digit", "luhn"}},
       {{"Imei", "79927398710"}},
       {},
       "wrong check digit",
       "setting parameter.Imei.check-digit = luhn"},
      {"parameter with a rule is missing",
       "ParameterRefused"_cause,
       {{"parameter.Imei.check-digit", "luhn"}},
       {},
       {},
       "Imei is missing",
       "setting parameter.Imei"},
      {"no column",
       "ListValueMissing"_cause,
       {{"allowlist", "line-a"}, {"override.Region", "column:region"}},
       {{"SerialNumber", "A1"}},
       {true, bare},
       "may not register",
       "line-a has no region"},
      {"a column without a list",
       "NoListAttached"_cause,
       {{"override.Region", "column:region"}},
       {{"SerialNumber", "A1"}},
       {},
       "may not register",
       "no list is attached"},
  };
  for (const auto& row : rows) {
    const auto admitted = admit(rules_of(row.settings), applicant(row.parameters), row.listing);
    ASSERT_FALSE(admitted) << row.name;
    EXPECT_EQ(admitted.error().fault, Fault::forbidden) << row.name;
    EXPECT_EQ(name_of(admitted.error().cause), name_of(row.cause)) << row.name;
    EXPECT_EQ(row.cause->wire_code, "AccessDenied") << row.name;
    EXPECT_THAT(admitted.error().message, AllOf(HasSubstr(row.message), Not(HasSubstr("line-a")),
                                                Not(HasSubstr("Secret")), Not(HasSubstr("[0-9]"))))
        << row.name;
    EXPECT_THAT(admitted.error().rule, AllOf(HasSubstr("template \"T\""), HasSubstr(row.rule)))
        << row.name;
  }
}

TEST(Gatekeeper, AnswersDevicesAlikeWhateverTheListContains) {
  const Rules rules = rules_of({{"allowlist", "line-a"}});
  registry::ListEntry blocked = entry("A1");
  blocked.is_blocked = true;
  const auto who = applicant({{"SerialNumber", "A1"}});
  EXPECT_EQ(admit(rules, who, {true, {}}).error().message,
            admit(rules, who, {true, blocked}).error().message);
}

TEST(Gatekeeper, AdmitsAListedUnitWithValidParameters) {
  registry::ListEntry of_this = entry("A1");
  of_this.template_name = *TemplateName::parse("T");
  const auto admitted =
      admit(rules_of({{"allowlist", "line-a"},
                      {"parameter.SerialNumber.pattern", "[A-Z][0-9]"},
                      {"parameter.Imei.check-digit", "luhn"}}),
            applicant({{"SerialNumber", "A1"}, {"Imei", "79927398713"}}), {true, of_this});
  ASSERT_TRUE(admitted) << admitted.error().rule;
  EXPECT_TRUE(admitted->empty());
}

TEST(Gatekeeper, OverridesByColumnAndByTheLongestPrefix) {
  const Rules rules = rules_of({{"allowlist", "line-a"},
                                {"override.Region", "column:region"},
                                {"override.Hw.prefix:A", "column:hw"},
                                {"override.Model", "plain"},
                                {"override.Model.prefix:A", "one"},
                                {"override.Model.prefix:AB", "two"},
                                {"override.Model.prefix:ABC", "three"},
                                {"override.Model.prefix:B", "other"}});
  const struct {
    std::string serial;
    templates::Parameters wanted;
  } rows[] = {
      {"A1", {{"Region", "eu"}, {"Hw", "2"}, {"Model", "one"}}},
      {"ABB", {{"Region", "eu"}, {"Hw", "2"}, {"Model", "two"}}},
      {"ABC", {{"Region", "eu"}, {"Hw", "2"}, {"Model", "three"}}},
      {"C1", {{"Region", "eu"}, {"Model", "plain"}}},
      {"a1", {{"Region", "eu"}, {"Model", "plain"}}},
  };
  for (const auto& row : rows) {
    const auto admitted = admit(rules, applicant({{"SerialNumber", row.serial}, {"Region", "us"}}),
                                {true, entry(row.serial)});
    ASSERT_TRUE(admitted) << admitted.error().rule;
    EXPECT_EQ(*admitted, row.wanted) << row.serial;
  }
}

TEST(Gatekeeper, ReadsTheSerialOfACertificate) {
  const std::string serial = "AWS::IoT::Certificate::SerialNumber";
  const std::string name = "AWS::IoT::Certificate::CommonName";
  const Applicant both{kTemplateName, templates::Use::jitp, {{serial, "1"}, {name, "n"}}};
  EXPECT_EQ(serial_parameter_of({}, both), serial);
  EXPECT_EQ(serial_parameter_of({}, {kTemplateName, templates::Use::jitp, {{name, "n"}}}), name);
  EXPECT_EQ(serial_parameter_of({.serial_parameter = name}, both), name);
  EXPECT_EQ(serial_parameter_of({}, applicant({})), "SerialNumber");
}

// ---- with a store ----

constexpr std::string_view kTemplate =
    R"({"Parameters":{"SerialNumber":{"Type":"String"},"Region":{"Type":"String"},"AWS::IoT::Certificate::Id":{"Type":"String"}},
    "Resources":{"t":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"SerialNumber"}}},
    "c":{"Type":"AWS::IoT::Certificate","Properties":{"CertificateId":{"Ref":"AWS::IoT::Certificate::Id"}}}}})";

struct World {
  World() {
    put(registry::ManufacturingList{.name = kList});
    put(entry("A1"));
  }
  void put(registry::Record record) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record)});
    ASSERT_TRUE(runtime::run_blocking(store.commit(std::move(changes))));
  }
  Result<Admission> ask(const TemplateSettings& settings, const std::string& serial) {
    return runtime::run_blocking(
        ask_gatekeeper(store, rules_of(settings), applicant({{"SerialNumber", serial}}), parsed));
  }
  test::MemoryStore store;
  templates::Template parsed = *templates::Template::parse(kTemplate, templates::Use::fleet);
};

TEST(Gatekeeper, RequiresTheUnchangedEntryAndReportsItsOverrides) {
  World world;
  const auto admitted = world.ask(
      {{"allowlist", "line-a"}, {"override.Region", "column:region"}, {"override.Nothing", "x"}},
      "A1");
  ASSERT_TRUE(admitted) << admitted.error().rule;
  EXPECT_EQ(admitted->overrides, (templates::Parameters{{"Region", "eu"}}));
  ASSERT_EQ(admitted->preconditions.size(), 1U);
  EXPECT_EQ(admitted->preconditions[0].key, registry::list_entry_key(kList, "A1"));
  EXPECT_EQ(admitted->preconditions[0].expect.version, 3);
  EXPECT_EQ(
      encoding::to_json(encoding::write_fields(admitted->registered)),
      R"({"list":"line-a","overridden":{"Region":"eu"},"overrides_not_declared":["Nothing"]})");
}

TEST(Gatekeeper, FindsExactlyTheSerial) {
  World world;
  for (const std::string& serial :
       {std::string("a1"), std::string("A1 "), std::string("A%"), std::string("A_"),
        std::string("*"), std::string("A1' OR '1'='1"), std::string("A1\0", 3), std::string("A1\n"),
        std::string(""), std::string(5000, 'A'), std::string("A\xFF")}) {
    const auto admitted = world.ask({{"allowlist", "line-a"}}, serial);
    ASSERT_FALSE(admitted) << serial;
    EXPECT_THAT(admitted.error().rule, HasSubstr("has no serial")) << serial;
  }
  EXPECT_TRUE(world.ask({{"allowlist", "line-a"}}, "A1"));
  EXPECT_FALSE(world.ask({{"allowlist", "line-b"}}, "A1"));
  EXPECT_TRUE(world.ask({}, "nobody's")) << "without a list, the store is not read";
}

}  // namespace
}  // namespace imprint::provisioning
