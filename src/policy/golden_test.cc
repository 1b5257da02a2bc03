// SPDX-License-Identifier: Apache-2.0
// test/golden/policy/*.json: policies, connections and requests; beside each is an .expected file
// with the decision and its reason, one line per request. IMPRINT_UPDATE_GOLDEN=1 rewrites them.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "base/name.h"
#include "policy/policy.h"

namespace imprint::policy {
namespace {

namespace fs = std::filesystem;
namespace json = encoding::json;

const fs::path kFolder = fs::path(IMPRINT_TEST_DIR) / "golden" / "policy";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string text(const json::value& value) { return std::string(value.as_string()); }

/// A golden case gives a document as an object or as text.
std::string document(const json::value& value) {
  return value.is_string() ? text(value) : encoding::to_json(value);
}

/// Owns the values that a Context refers to.
struct Connection {
  std::map<std::string, std::string, std::less<>> texts;
  std::map<std::string, std::string, std::less<>> attributes;
  std::vector<std::pair<Variable, std::string>> subject_texts;
  std::vector<std::pair<Variable, std::string>> issuer_texts;
  std::vector<CertificateValue> subject;
  std::vector<CertificateValue> issuer;
  Context context = nothing_known();
};

void fill_certificate(std::string_view prefix, const json::value& fields,
                      std::vector<std::pair<Variable, std::string>>& texts,
                      std::vector<CertificateValue>& out) {
  for (const auto& field : fields.as_object()) {
    const auto variable =
        Variable::parse(std::string(prefix).append(field.key().data(), field.key().size()));
    ASSERT_TRUE(variable) << variable.error().message;
    for (const auto& one : field.value().as_array()) texts.emplace_back(*variable, text(one));
  }
  for (const auto& [variable, value] : texts) out.push_back({variable.field, value});
}

void fill(const json::object& members, Connection& out) {
  const std::map<std::string_view, Required<std::string_view> Context::*> kTexts = {
      {"region", &Context::region},
      {"account", &Context::account},
      {"clientId", &Context::client_id},
      {"sourceIp", &Context::source_ip},
      {"certificateId", &Context::certificate_id},
      {"certificateSerial", &Context::certificate_serial},
      {"thingName", &Context::thing_name},
      {"thingTypeName", &Context::thing_type_name},
      {"lastWillTopic", &Context::last_will_topic}};
  const std::map<std::string_view, Required<bool> Context::*> kFlags = {
      {"isAttached", &Context::is_attached},
      {"hidesItsThing", &Context::hides_its_thing},
      {"persistentConnect", &Context::persistent_connect},
      {"lastWill", &Context::last_will}};
  for (const auto& member : members) {
    const std::string key(member.key());
    if (const auto row = kTexts.find(key); row != kTexts.end()) {
      out.context.*row->second = out.texts.emplace(key, text(member.value())).first->second;
    } else if (const auto flag = kFlags.find(key); flag != kFlags.end()) {
      out.context.*flag->second = member.value().as_bool();
    } else if (key == "now") {
      out.context.now = *parse_time(text(member.value()));
    } else if (key == "thingAttributes") {
      for (const auto& one : member.value().as_object())
        out.attributes.emplace(std::string(one.key()), text(one.value()));
      out.context.thing_attributes = &out.attributes;
    } else if (key == "subject") {
      fill_certificate("iot:Certificate.Subject.", member.value(), out.subject_texts, out.subject);
      out.context.subject = out.subject;
    } else if (key == "issuer") {
      fill_certificate("iot:Certificate.Issuer.", member.value(), out.issuer_texts, out.issuer);
      out.context.issuer = out.issuer;
    } else {
      FAIL() << "unknown member of a connection: " << key;
    }
  }
}

std::string run_requests(const json::array& requests,
                         const std::vector<std::shared_ptr<const Policy>>& policies,
                         const Context& context) {
  std::string out;
  for (const auto& value : requests) {
    const std::string line = text(value);
    const std::size_t space = line.find(' ');
    const auto action = find_action(line.substr(0, space));
    if (!action) {
      ADD_FAILURE() << "unknown action in " << line;
      continue;
    }
    const std::string resource = space == std::string::npos ? "" : line.substr(space + 1);
    const Request request = {*action, resource};
    const Decision decision = evaluate(policies, request, context);
    out += fmt::format("  {:13} {}\n", to_string(decision.outcome),
                       explain(decision, policies, request, context));
  }
  return out;
}

std::string run(const json::object& golden) {
  std::string out;
  if (const auto* refused = golden.if_contains("refused")) {
    for (const auto& one : refused->as_object()) {
      const auto policy = Policy::parse(document(one.value()));
      out += fmt::format("{}\n  {}\n", std::string(one.key()),
                         policy ? "ACCEPTED" : describe(policy.error()));
    }
    return out;
  }
  std::vector<std::shared_ptr<const Policy>> policies;
  for (const auto& one : golden.at("policies").as_object()) {
    auto policy = Policy::parse(document(one.value()), std::string(one.key()));
    EXPECT_TRUE(policy) << describe(policy.error());
    if (policy) policies.push_back(std::make_shared<const Policy>(*std::move(policy)));
  }
  for (const auto& value : golden.at("connections").as_array()) {
    const json::object& one = value.as_object();
    Connection connection;
    fill(one.at("context").as_object(), connection);
    out += text(one.at("about")) + "\n" +
           run_requests(one.at("requests").as_array(), policies, connection.context);
  }
  return out;
}

TEST(PolicyGolden, EveryCaseDecidesAsRecorded) {
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const auto golden = encoding::parse_json(read(entry.path()));
    ASSERT_TRUE(golden) << describe(golden.error());
    const std::string actual = run(golden->as_object());
    const fs::path expected = fs::path(entry.path()).replace_extension(".expected");
    if (std::getenv("IMPRINT_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << actual;
    EXPECT_EQ(actual, read(expected));
    ++cases;
  }
  EXPECT_GE(cases, 7U);
}

}  // namespace
}  // namespace imprint::policy
