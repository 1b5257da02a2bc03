// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/name.h"

/// The policy that claim certificates of one template share: it allows nothing but provisioning
/// with that template. ListPolicies shows it, so that operators see what claims may do; its name is
/// reserved, so that nobody widens it: the policy operations refuse to create or change such names.
/// It goes with its template, or with DeletePolicy once no claim has it.
namespace imprint::control_api {

inline constexpr std::string_view kClaimPolicyPrefix = "ProvisioningClaimPolicy.";

PolicyName claim_policy_name(const TemplateName& name);

bool is_claim_policy(const PolicyName& name);

/// The document, for every region of this account. Each template has a policy of its own; several
/// names give what their policies allow together.
std::string claim_policy_document(std::span<const TemplateName> names, std::string_view account);

}  // namespace imprint::control_api
