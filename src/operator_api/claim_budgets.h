// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operator_api/words.h"
#include "registry/records.h"

/// The members of a claim's budget. Requests and answers have the same, so that a budget can be
/// read, changed and sent back.
namespace imprint::operator_api {

/// AWS IoT quota of policies for one certificate: each template brings one.
inline constexpr std::size_t kMaxTemplatesOfClaim = 10;

inline constexpr InputInfo kTemplateNames{.name = "templateNames", .type = Type::list};
inline constexpr InputInfo kMaxDevices{
    .name = "maxDevices", .type = Type::integer, .least = 1, .most = 1'000'000'000};
inline constexpr InputInfo kRate = members::object("rate");      ///< {devices, seconds}
inline constexpr InputInfo kFrom = members::text("from", 64);    ///< ISO 8601
inline constexpr InputInfo kUntil = members::text("until", 64);  ///< ISO 8601
inline constexpr InputInfo kNetworks{.name = "networks", .type = Type::list};
inline constexpr InputInfo kSerials = members::object("serials");  ///< {first, last}
inline constexpr InputInfo kLearningDevices{
    .name = "learningDevices", .type = Type::integer, .least = 1, .most = 1'000'000};

/// InvalidRequestException that names the member.
Result<registry::ClaimBudget> read_claim_budget(const Call& call);

json::object write_claim_budget(const registry::ClaimBudget& budget);

}  // namespace imprint::operator_api
