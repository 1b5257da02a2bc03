// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "control_api/store_access.h"
#include "telemetry/log.h"

/// Helpers of the files about policies.
namespace imprint::control_api {

/// AWS IoT quotas: versions of a policy, policies of one target.
inline constexpr std::size_t kMaxPolicyVersions = 5;
inline constexpr std::size_t kMaxPoliciesPerTarget = 10;

inline std::string policy_arn(const Call& call, const PolicyName& name) {
  return call.arn("policy/" + name.str());
}

/// MalformedPolicyException with the JSON path, unless the document is a policy.
Result<void> check_policy_document(const std::string& document, const PolicyName& name);

/// The detail of the audit event for a valid document: the policy's name, and warnings about what
/// its author may not expect. The warnings also go to the log.
json::object policy_event_detail(telemetry::Log& log, const PolicyName& name,
                                 const std::string& document);

/// InvalidRequestException for a claim policy, which belongs to the server.
Result<void> refuse_reserved_policy(const PolicyName& name);

/// The policy, or ResourceNotFoundException.
runtime::Task<Result<registry::Policy>> get_policy_record(registry::Store& store, PolicyName name);

/// {policyName, policyArn}
json::object write_policy(const Call& call, const PolicyName& name);

}  // namespace imprint::control_api
