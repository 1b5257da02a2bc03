// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/name.h"

/// The policy that the claim certificates of one template share. It allows nothing but provisioning
/// with that template. ListPolicies shows it, so that operators see what claims may do. Its name is
/// reserved: the policy operations refuse to create or change such policies, so that nobody widens
/// them. It is deleted with its template, or by DeletePolicy once no claim has it.
namespace imprint::control_api {

inline constexpr std::string_view kClaimPolicyPrefix = "ProvisioningClaimPolicy.";

PolicyName claim_policy_name(const TemplateName& name);

bool is_claim_policy(const PolicyName& name);

/// The document, for every region of this account. For several templates, whose policies are
/// separate, the document of what these policies allow together.
std::string claim_policy_document(std::span<const TemplateName> names, std::string_view account);

}  // namespace imprint::control_api
