// SPDX-License-Identifier: Apache-2.0
// Templates: parse and evaluate never crash and stay within their bounds; lint and parse agree;
// every result is valid. The input is a template followed, after NUL bytes, by values for its
// parameters; or a golden case (test/golden/templates) whose templates are used.
#include <algorithm>

#include "encoding/json.h"
#include "outcome/causes.h"
#include "templates/template.h"

using namespace imprint;             // NOLINT(google-build-using-namespace)
using namespace imprint::templates;  // NOLINT(google-build-using-namespace)

namespace {

const std::string kId(64, 'a');

Parameters draw(const Template& parsed, std::string_view values) {
  Parameters out;
  for (const auto& [name, fallback] : parsed.parameters()) {
    if (values.empty()) break;
    const std::size_t end = values.find('\0');
    out.emplace(name, values.substr(0, end));
    values.remove_prefix(end == std::string_view::npos ? values.size() : end + 1);
  }
  return out;
}

std::string policy_texts(const Resources& resources) {
  std::string out;
  for (const auto& policy : resources.policies) {
    if (const auto* document = std::get_if<PolicyDocument>(&policy.policy)) out += document->text;
  }
  return out;
}

void check_resources(const Resources& resources) {
  if (resources.thing) {
    IMPRINT_ASSERT(ThingName::parse(resources.thing->name.str()).has_value());
    if (resources.thing->attributes) {
      for (const auto& [name, value] : *resources.thing->attributes)
        IMPRINT_ASSERT(check_attribute_value(value).has_value());
    }
    if (resources.thing->groups) IMPRINT_ASSERT(resources.thing->groups->size() <= kMaxGroups);
  }
  IMPRINT_ASSERT(policy_texts(resources).size() <= 8 * kMaxResultBytes);
  IMPRINT_ASSERT(encoding::to_json(resources.device_configuration).size() <= 8 * kMaxResultBytes);
}

void try_template(std::string_view document, std::string_view values) {
  for (const Use use : {Use::fleet, Use::jitp, Use::register_thing, Use::bulk}) {
    const auto problems = Template::lint(document, use);
    const bool errors = std::ranges::any_of(
        problems, [](const Problem& problem) { return problem.severity == Severity::error; });
    const auto parsed = Template::parse(document, use);
    IMPRINT_ASSERT(parsed.has_value() || !parsed.error().where.empty());
    IMPRINT_ASSERT(problems.size() == Problems::kMaxProblems || parsed.has_value() != errors);
    if (!parsed) continue;
    Predefined predefined;
    for (const auto& [name, fallback] : parsed->parameters()) {
      if (is_predefined(use, name)) predefined.values.emplace(name, values.substr(0, 20));
    }
    predefined.values.insert_or_assign("AWS::IoT::Certificate::Id", kId);
    for (const Parameters& parameters : {Parameters(), draw(*parsed, values)}) {
      const auto found = parsed->evaluate(parameters, predefined);
      if (found) {
        check_resources(*found);
      } else {
        IMPRINT_ASSERT(name_of(found.error().cause) == "InvalidParameters" &&
                       !found.error().where.empty());
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text({data, size});
  const std::size_t end = input.find('\0');
  const std::string_view values =
      end == std::string_view::npos ? std::string_view("A1\0B2") : input.substr(end + 1);
  try_template(input.substr(0, end), values);
  const auto golden = encoding::parse_json(input.substr(0, end));
  if (!golden || !golden->is_object()) return 0;
  if (const auto* one = golden->get_object().if_contains("template"))
    try_template(encoding::to_json(*one), values);
  if (const auto* many = golden->get_object().if_contains("lint"); many && many->is_object()) {
    for (const auto& one : many->get_object()) try_template(encoding::to_json(one.value()), values);
  }
  return 0;
}
