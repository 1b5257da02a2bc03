// SPDX-License-Identifier: Apache-2.0
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/store_access.h"
#include "provisioning/apply_template.h"

namespace imprint::control_api {

namespace {

/// The template checks the sizes of the parameters (templates/template.h).
Result<templates::Parameters> read_parameters(const Call& call) {
  templates::Parameters out;
  for (const auto& [name, value] : call.in.object("parameters")) {
    if (!value.is_string()) {
      return refuse_value(fmt::format("parameters.{}", std::string_view(name)),
                          encoding::to_json(value), "Member must be text");
    }
    out.emplace(std::string_view(name), std::string_view(value.get_string()));
  }
  return out;
}

Answer register_thing(Call call, provisioning::ApplyTemplate& apply) {
  CO_TRY_ASSIGN(
      templates::Template parsed,
      templates::Template::parse(call.in.text("templateBody"), templates::Use::register_thing));
  CO_TRY_ASSIGN(templates::Parameters parameters, read_parameters(call));
  provisioning::ApplyRequest request{
      .parsed = std::move(parsed), .parameters = std::move(parameters), .event = call.event()};
  CO_TRY_ASSIGN(const provisioning::AppliedTemplate applied,
                co_await apply.run(std::move(request)));
  json::object arns;
  for (const auto& [name, resource] : applied.resources) arns[name] = call.arn(resource);
  json::object answer;
  if (applied.certificate_pem) answer["certificatePem"] = *applied.certificate_pem;
  answer["resourceArns"] = std::move(arns);
  co_return answer;
}

using enum Exception;

constexpr InputInfo kRegister[] = {
    {.name = "templateBody",
     .required = true,
     .most = static_cast<std::int64_t>(templates::kMaxTemplateCharacters)},
    members::object("parameters")};

constexpr rest::Row<provisioning::ApplyTemplate&> kOperations[] = {
    {"RegisterThing",
     "POST",
     "/things",
     kRegister,
     {internal_failure, service_unavailable, invalid_request, unauthorized, throttling,
      conflicting_update, registration_failure},
     register_thing},
};

}  // namespace

Operations register_thing_operations(provisioning::ApplyTemplate& apply) {
  return rest::bind(kOperations, apply);
}

}  // namespace imprint::control_api
