// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/certificate_id.h"
#include "control_api/call.h"
#include "registry/records.h"

/// Amazon resource names that come in (contract section 8.4). Any partition and region will do, for
/// the server answers to every region; the account must be this one.
namespace imprint::control_api {

/// What follows the account in an ARN of AWS IoT: "cert/ab12"; nothing when it is none.
std::optional<std::string_view> arn_resource(std::string_view text);

/// `member` is the input that holds the ARN, for messages; `resource` is "thing", "cert", ...
/// Returns what follows the slash.
Result<std::string> parse_arn(const Call& call, std::string_view member, std::string_view text,
                              std::string_view resource);

/// What an ARN of this account names, whatever its type: "policy/x".
Result<std::string> parse_resource(const Call& call, std::string_view member,
                                   std::string_view text);

/// A principal of a thing: a certificate's ARN. Cognito identities are not offered.
Result<CertificateId> parse_principal(const Call& call, std::string_view member);

/// What a policy can be attached to: the ARN of a certificate or of a thing group.
Result<registry::PolicyTarget> parse_target(const Call& call, std::string_view member);

std::string certificate_arn(const Call& call, const CertificateId& id);
std::string target_arn(const Call& call, const registry::PolicyTarget& target);

}  // namespace imprint::control_api
