// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/certificate_id.h"
#include "control_api/words.h"
#include "registry/records.h"
#include "rest/arn.h"

/// What the ARNs of these resources name.
namespace imprint::control_api {

using rest::arn_resource;
using rest::parse_arn;
using rest::parse_resource;

/// A principal of a thing: a certificate's ARN. Cognito identities are not offered.
Result<CertificateId> parse_principal(const Call& call, std::string_view member);

/// What a policy can be attached to: the ARN of a certificate or of a thing group.
Result<registry::PolicyTarget> parse_target(const Call& call, std::string_view member);

std::string certificate_arn(const Call& call, const CertificateId& id);
std::string target_arn(const Call& call, const registry::PolicyTarget& target);

}  // namespace imprint::control_api
