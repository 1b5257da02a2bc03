// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/members.h"
#include "control_api/store_access.h"
#include "templates/template.h"

/// Helpers of the files about provisioning templates.
namespace imprint::control_api {

/// AWS IoT quotas, not adjustable there.
inline constexpr std::size_t kMaxTemplates = 256;
inline constexpr std::size_t kMaxTemplateVersions = 5;

inline std::string template_arn(const Call& call, const TemplateName& name) {
  return call.arn("provisioningtemplate/" + name.str());
}

/// ResourceNotFoundException when there is no such template.
runtime::Task<Result<registry::ProvisioningTemplate>> get_template_record(registry::Store& store,
                                                                          TemplateName name);
runtime::Task<Result<registry::ProvisioningTemplateVersion>> get_template_version_record(
    registry::Store& store, TemplateName name, std::int64_t number);

/// The input `type`; FLEET_PROVISIONING when it is absent.
registry::TemplateType type_of(const Call& call);
templates::Use use_of(registry::TemplateType type);

/// InvalidRequestException with the JSON path, unless the body is a template of that type.
Result<void> check_template_body(const std::string& body, registry::TemplateType type);

/// InvalidRequestException unless the text of that member has the form of a role's ARN.
Result<void> check_role_arn(std::string_view member, const std::string& arn);

inline constexpr std::string_view kTemplateTypes[] = {"FLEET_PROVISIONING", "JITP"};
inline constexpr InputInfo kTemplateType{.name = "type", .values = kTemplateTypes};
inline constexpr InputInfo kTemplateBody = members::text(
    "templateBody", static_cast<std::int64_t>(templates::kMaxTemplateCharacters), true);

}  // namespace imprint::control_api
