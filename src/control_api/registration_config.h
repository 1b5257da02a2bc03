// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"

/// RegistrationConfig {templateBody, roleArn, templateName}: what just-in-time provisioning gives
/// the devices of a CA (contract section 3.3).
namespace imprint::control_api {

/// The input `registrationConfig`, its template checked as one for just-in-time provisioning;
/// nothing when it is absent or empty. InvalidRequestException for what contradicts itself,
/// ResourceNotFoundException for a stored template that is not there.
runtime::Task<Result<std::optional<registry::RegistrationConfig>>> read_registration_config(
    Call call, registry::Store& store);

json::object write_registration_config(const registry::RegistrationConfig& config);

}  // namespace imprint::control_api
