// SPDX-License-Identifier: Apache-2.0
// All problems of a template that can be found before the first device comes.
#include <algorithm>

#include "control_api/template_records.h"
#include "operator_api/operations.h"
#include "provisioning/template_check.h"

namespace imprint::operator_api {

namespace {

using control_api::kTemplateType;
using control_api::type_of;
using control_api::use_of;
using templates::NamedResource;
using templates::Problem;
using templates::Severity;
using templates::Template;

registry::Key key_of(const NamedResource& resource) {
  // The names have passed the checks of the template.
  switch (resource.kind) {
    case NamedResource::Kind::thing_type:
      return registry::thing_type_key(*ThingTypeName::parse(resource.name));
    case NamedResource::Kind::thing_group:
      return registry::thing_group_key(*ThingGroupName::parse(resource.name));
    case NamedResource::Kind::policy:
      break;
  }
  return registry::policy_key(*PolicyName::parse(resource.name));
}

/// The resources that the template names and that do not exist in the registry.
runtime::Task<Result<std::vector<Problem>>> find_missing(registry::Store& store, Template parsed) {
  const std::vector<NamedResource> named = parsed.named_resources();
  std::vector<registry::Key> keys;
  for (const NamedResource& resource : named) keys.push_back(key_of(resource));
  CO_TRY_ASSIGN(const auto found, co_await store.find(std::move(keys)));
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (found[i]) continue;
    problems.push_back(
        {Severity::warning, named[i].path,
         fmt::format("there is no {} {} yet", registry::kind_name(key_of(named[i]).kind),
                     quote(named[i].name)),
         "create it before the first device comes, which is refused otherwise"});
  }
  co_return problems;
}

json::object write_problem(const Problem& problem) {
  return {{"severity", problem.severity == Severity::error ? "error" : "warning"},
          {"path", problem.path},
          {"message", problem.message},
          {"remedy", problem.remedy}};
}

Answer lint_template(Call call, registry::Store& store) {
  const std::string body = call.in.text("templateBody");
  const templates::Use use = use_of(type_of(call));
  std::vector<Problem> problems = provisioning::lint_template(body, use);
  if (const auto parsed = Template::parse(body, use)) {
    CO_TRY_ASSIGN(const std::vector<Problem> missing, co_await find_missing(store, *parsed));
    problems.insert(problems.end(), missing.begin(), missing.end());
  }
  json::array all;
  for (const Problem& problem : problems) all.emplace_back(write_problem(problem));
  co_return json::object{
      {"errors", std::ranges::count(problems, Severity::error, &Problem::severity)},
      {"problems", std::move(all)}};
}

using enum Exception;

constexpr InputInfo kLint[] = {
    // Longer than a template may be, so that its length is reported with the other problems.
    {.name = "templateBody", .required = true, .most = 1'000'000},
    kTemplateType};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"LintTemplate",
     "POST",
     "/imprint/v1/templates/lint",
     kLint,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     lint_template},
};

}  // namespace

Operations template_lint_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::operator_api
