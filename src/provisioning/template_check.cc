// SPDX-License-Identifier: Apache-2.0
#include "provisioning/template_check.h"

#include "outcome/causes.h"
#include "policy/lint.h"

namespace imprint::provisioning {

namespace {

using templates::Problem;
using templates::Severity;
using templates::Template;

std::vector<Problem> check_policies(const Template& parsed) {
  std::vector<Problem> problems;
  for (const templates::PolicyText& document : parsed.policy_texts()) {
    const auto policy = policy::Policy::parse(document.text);
    if (policy) {
      for (std::string& warning : policy::warnings(*policy)) {
        problems.push_back({Severity::warning, document.path, std::move(warning),
                            "see docs/compatibility.md, \"Policies\", and try it with "
                            "TestAuthorization"});
      }
      continue;
    }
    problems.push_back(
        {document.is_certain ? Severity::error : Severity::warning, document.path,
         fmt::format("is no policy{}: {}", document.is_certain ? "" : " with sample values",
                     describe(policy.error())),
         "correct the document"});
  }
  return problems;
}

}  // namespace

std::vector<Problem> lint_template(std::string_view body, templates::Use use) {
  std::vector<Problem> problems = Template::lint(body, use);
  const auto parsed = Template::parse(body, use);
  if (!parsed) return problems;
  const std::vector<Problem> of_policies = check_policies(*parsed);
  problems.insert(problems.end(), of_policies.begin(), of_policies.end());
  return problems;
}

Result<Template> parse_template(std::string_view body, templates::Use use) {
  TRY_ASSIGN(Template parsed, Template::parse(body, use));
  std::vector<Problem> problems = check_policies(parsed);
  problems.insert(problems.begin(), parsed.literal_problems().begin(),
                  parsed.literal_problems().end());
  for (const Problem& problem : problems) {
    if (problem.severity != Severity::error) continue;
    return Unexpected(Error{Fault::invalid, fmt::format("{}; {}", problem.message, problem.remedy),
                            problem.path, "InvalidRequest"_cause});
  }
  return parsed;
}

bool is_role_arn(std::string_view arn) {
  constexpr std::string_view kRole = ":role/";
  constexpr std::size_t kLeastChars = 20;
  constexpr std::size_t kMostChars = 2048;
  const auto at = arn.find(kRole);
  return arn.size() >= kLeastChars && arn.size() <= kMostChars && arn.starts_with("arn:aws") &&
         arn.find(":iam::") != std::string_view::npos && at != std::string_view::npos &&
         at + kRole.size() < arn.size();
}

}  // namespace imprint::provisioning
