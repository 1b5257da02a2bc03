// SPDX-License-Identifier: Apache-2.0
#include "access/roles.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>

#include "base/name.h"

namespace imprint::access {

namespace {

// The factory role creates claims and things and may read. It must not change policies, templates
// or the permissions of devices. It therefore cannot add things to groups, which have policies, nor
// call RegisterThing, whose template may contain any policy; devices register with the claim.
constexpr auto kRoles = std::to_array<Role>({
    {"admin", "everything", R"({
  "Version": "2012-10-17",
  "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}]
})"},
    {"read-only", "reads everything, changes nothing", R"({
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "Look",
    "Effect": "Allow",
    "Action": ["iot:Describe*", "iot:Get*", "iot:List*", "iot:Search*",
               "imprint:Describe*", "imprint:Get*", "imprint:List*", "imprint:Search*",
               "imprint:Explain", "imprint:LintTemplate", "imprint:TryTemplate",
               "imprint:VerifyAuditTrail", "imprint:WatchLive"],
    "Resource": "*"
  }, {"Sid": "ItMakesOne", "Effect": "Deny", "Action": "iot:GetRegistrationCode", "Resource": "*"}]
})"},
    {"factory", "reads, and creates claims and things; cannot change policies or templates", R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Look", "Effect": "Allow",
     "Action": ["iot:Describe*", "iot:Get*", "iot:List*", "iot:Search*", "imprint:Explain",
                "imprint:DescribeManufacturingList", "imprint:DescribeListEntry",
                "imprint:ListClaims", "imprint:DescribeClaim", "imprint:ListManufacturingLists",
                "imprint:GetPipeline", "imprint:ListAlarms", "imprint:ListHooks",
                "imprint:ListRefusals", "imprint:ListRefusedDevices",
                "imprint:DescribeConnection"],
     "Resource": "*"},
    {"Sid": "Make", "Effect": "Allow",
     "Action": ["imprint:CreateClaim", "iot:CreateProvisioningClaim", "iot:CreateThing"],
     "Resource": "*"},
    {"Sid": "ItMakesOne", "Effect": "Deny", "Action": "iot:GetRegistrationCode", "Resource": "*"}
  ]
})"},
});

}  // namespace

std::span<const Role> roles() { return kRoles; }

Result<std::shared_ptr<const Policy>> role_policy(std::string_view name) {
  const auto role = std::ranges::find(kRoles, name, &Role::name);
  if (role == kRoles.end()) {
    std::vector<std::string_view> names;
    for (const Role& one : kRoles) names.push_back(one.name);
    return fail(Fault::invalid, "there is no role {}; the roles are {}", quote(name),
                fmt::join(names, ", "));
  }
  TRY_ASSIGN(Policy policy, Policy::parse(role->document, fmt::format("role {}", role->name)));
  return std::make_shared<const Policy>(std::move(policy));
}

}  // namespace imprint::access
