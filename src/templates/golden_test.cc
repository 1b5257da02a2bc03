// SPDX-License-Identifier: Apache-2.0
// test/golden/templates/*.json: templates and parameters; beside each case is an .expected file
// with the findings and the resources, or the error. IMPRINT_UPDATE_GOLDEN=1 rewrites them.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "outcome/causes.h"
#include "templates/template.h"

namespace imprint::templates {
namespace {

namespace fs = std::filesystem;
namespace json = encoding::json;

const fs::path kFolder = fs::path(IMPRINT_TEST_DIR) / "golden" / "templates";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string text(const json::value& value) { return std::string(value.as_string()); }

Parameters parameters(const json::object& from, const char* member) {
  Parameters out;
  if (const auto* found = from.if_contains(member)) {
    for (const auto& one : found->as_object())
      out.emplace(std::string(one.key()), text(one.value()));
  }
  return out;
}

Use use_of(const json::object& golden) {
  const std::string name = golden.contains("use") ? text(golden.at("use")) : "fleet";
  if (name == "jitp") return Use::jitp;
  if (name == "register_thing") return Use::register_thing;
  if (name == "bulk") return Use::bulk;
  EXPECT_EQ(name, "fleet");
  return Use::fleet;
}

/// A golden case gives its template as an object, as text, or as "@file" beside the case.
std::string body(const json::value& value) {
  if (!value.is_string()) return encoding::to_json(value);
  const std::string out = text(value);
  return out.starts_with('@') ? read(kFolder / out.substr(1)) : out;
}

std::string show(const ThingResource& thing) {
  std::string out = fmt::format("  thing {} {}\n", quote(thing.logical_name), thing.name.str());
  if (thing.type)
    out += fmt::format("    type {} {}\n", thing.type->str(), to_string(thing.type_override));
  if (thing.attributes) {
    out += fmt::format("    attributes {}\n", to_string(thing.attributes_override));
    for (const auto& [name, value] : *thing.attributes)
      out += fmt::format("      {} = {}\n", name.str(), quote(value));
  }
  if (thing.groups) {
    out += fmt::format("    groups {}\n", to_string(thing.groups_override));
    for (const auto& group : *thing.groups) out += fmt::format("      {}\n", group.str());
  }
  if (thing.billing_group) out += fmt::format("    billing group {}\n", thing.billing_group->str());
  return out;
}

std::string show(const CertificateResource& certificate) {
  constexpr std::string_view kSources[] = {"request", "id", "pem"};
  return fmt::format("  certificate {} {} {}{}{}{}{}\n", quote(certificate.logical_name),
                     kSources[static_cast<std::size_t>(certificate.source)],
                     quote(certificate.value), certificate.active ? " ACTIVE" : " INACTIVE",
                     certificate.exclusive_thing ? " EXCLUSIVE_THING" : "",
                     certificate.ca_pem ? " ca " + quote(*certificate.ca_pem) : "",
                     certificate.status_override
                         ? fmt::format(" override {}", to_string(*certificate.status_override))
                         : "");
}

std::string show(const PolicyResource& policy) {
  if (const auto* name = std::get_if<PolicyName>(&policy.policy))
    return fmt::format("  policy {} {}\n", quote(policy.logical_name), name->str());
  return fmt::format("  policy {} {}\n", quote(policy.logical_name),
                     std::get<PolicyDocument>(policy.policy).text);
}

std::string show(const Result<Resources>& result) {
  if (!result)
    return fmt::format("  {} {}\n", name_of(result.error().cause), describe(result.error()));
  std::string out;
  if (result->thing) out += show(*result->thing);
  if (result->certificate) out += show(*result->certificate);
  for (const auto& policy : result->policies) out += show(policy);
  return out + fmt::format("  device configuration {}\n",
                           encoding::to_json(result->device_configuration));
}

std::string show_lint(const std::string& document, Use use) {
  std::string out;
  for (const Problem& problem : Template::lint(document, use))
    out += fmt::format("  {} {}\n", problem.severity == Severity::error ? "error" : "warning",
                       describe(problem));
  return out;
}

std::string run(const json::object& golden) {
  const Use use = use_of(golden);
  std::string out;
  if (const auto* linted = golden.if_contains("lint")) {
    for (const auto& one : linted->as_object()) {
      const std::string document = body(one.value());
      out += std::string(one.key()) + "\n" + show_lint(document, use);
      if (Template::parse(document, use)) out += "  accepted\n";
    }
    return out;
  }
  const std::string document = body(golden.at("template"));
  out += "findings\n" + show_lint(document, use);
  const auto parsed = Template::parse(document, use);
  if (!parsed) return out + "  " + describe(parsed.error()) + "\n";
  for (const auto& value : golden.at("evaluations").as_array()) {
    const json::object& one = value.as_object();
    const Predefined predefined{parameters(one, "predefined")};
    out += text(one.at("about")) + "\n" +
           show(parsed->evaluate(parameters(one, "parameters"), predefined));
  }
  return out;
}

TEST(TemplateGolden, EveryCaseEvaluatesAsRecorded) {
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const auto golden = encoding::parse_json(read(entry.path()), {.max_depth = 128});
    ASSERT_TRUE(golden) << describe(golden.error());
    if (golden->as_object().contains("Resources")) continue;  // a template that cases refer to
    const std::string actual = run(golden->as_object());
    const fs::path expected = fs::path(entry.path()).replace_extension(".expected");
    if (std::getenv("IMPRINT_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << actual;
    EXPECT_EQ(actual, read(expected));
    ++cases;
  }
  EXPECT_GE(cases, 9U);
}

}  // namespace
}  // namespace imprint::templates
