// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/certificate_id.h"
#include "control_api/words.h"
#include "registry/records.h"

/// The ARNs of certificates and of the targets of policies.
namespace imprint::control_api {

/// A principal of a thing, by its ARN: a certificate. There are no Cognito identities here.
Result<CertificateId> parse_principal(const Call& call, std::string_view member);

/// The target of a policy, by its ARN: a certificate or a thing group.
Result<registry::PolicyTarget> parse_target(const Call& call, std::string_view member);

std::string certificate_arn(const Call& call, const CertificateId& id);
std::string target_arn(const Call& call, const registry::PolicyTarget& target);

}  // namespace imprint::control_api
