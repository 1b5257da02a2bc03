// SPDX-License-Identifier: Apache-2.0
#include "control_api/registration_config.h"

#include "control_api/template_records.h"
#include "control_api/words.h"

namespace imprint::control_api {

namespace {

using registry::RegistrationConfig;
using registry::TemplateType;

constexpr InputInfo kBody{.name = "registrationConfig.templateBody",
                          .most = static_cast<std::int64_t>(templates::kMaxTemplateCharacters)};
constexpr InputInfo kRole{.name = "registrationConfig.roleArn", .least = 20, .most = 2048};
constexpr InputInfo kTemplate = members::name_input<name_rules::Template>(
    "registrationConfig.templateName", "^[0-9A-Za-z_-]+$", Location::body, false);

/// One validated member: the last part of its row's name. Empty when it is absent.
Result<std::string> read_member(const json::object& config, const InputInfo& row) {
  const json::value* value = config.if_contains(row.name.substr(row.name.find('.') + 1));
  if (value == nullptr || value->is_null()) return std::string();
  TRY(check_value(row, *value));
  return std::string(value->as_string());
}

Result<std::optional<RegistrationConfig>> read_members(const json::object& object) {
  RegistrationConfig config;
  TRY_ASSIGN(config.template_body, read_member(object, kBody));
  TRY_ASSIGN(config.role_arn, read_member(object, kRole));
  TRY_ASSIGN(const std::string name, read_member(object, kTemplate));
  if (!name.empty()) {
    TRY_ASSIGN(config.template_name, TemplateName::parse(name));
  }
  if (!config.role_arn.empty()) TRY(check_role_arn(kRole.name, config.role_arn));
  const bool has_body = !config.template_body.empty();
  if (has_body && config.template_name) {
    return refuse(Exception::invalid_request,
                  "templateBody and templateName contradict each other; give one",
                  "registrationConfig");
  }
  if (has_body && config.role_arn.empty())
    return refuse_value(kRole.name, "null", "Member must not be null beside templateBody");
  if (has_body) TRY(check_template_body(config.template_body, TemplateType::jitp));
  if (has_body || config.template_name) return std::optional(std::move(config));
  if (config.role_arn.empty()) return std::optional<RegistrationConfig>();
  return refuse(Exception::invalid_request,
                "roleArn is given without a template; give templateBody or templateName too",
                "registrationConfig");
}

}  // namespace

runtime::Task<Result<std::optional<RegistrationConfig>>> read_registration_config(
    Call call, registry::Store& store) {
  CO_TRY_ASSIGN(std::optional<RegistrationConfig> config,
                read_members(call.in.object("registrationConfig")));
  if (!config || !config->template_name) co_return std::move(config);
  CO_TRY_ASSIGN(const registry::ProvisioningTemplate named,
                co_await get_template_record(store, *config->template_name));
  if (named.type != TemplateType::jitp) {
    co_return refuse_value(kTemplate.name, named.name.str(),
                           fmt::format("Member must name a template of type JITP; this one's is {}",
                                       registry::to_string(named.type)));
  }
  co_return std::move(config);
}

json::object write_registration_config(const RegistrationConfig& config) {
  json::object out;
  if (!config.template_body.empty()) out["templateBody"] = config.template_body;
  if (!config.role_arn.empty()) out["roleArn"] = config.role_arn;
  if (config.template_name) out["templateName"] = config.template_name->str();
  return out;
}

}  // namespace imprint::control_api
