// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"

/// RegistrationConfig {templateBody, roleArn, templateName}: the template with which the devices of
/// a CA are provisioned just in time (contract section 3.3).
namespace imprint::control_api {

/// The input `registrationConfig`; no value when it is absent or empty. Its template must be one
/// for just-in-time provisioning. InvalidRequestException for contradictory members,
/// ResourceNotFoundException for a template that does not exist.
runtime::Task<Result<std::optional<registry::RegistrationConfig>>> read_registration_config(
    Call call, registry::Store& store);

json::object write_registration_config(const registry::RegistrationConfig& config);

}  // namespace imprint::control_api
