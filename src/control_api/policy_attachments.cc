// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "control_api/arn.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/policies_in_effect.h"
#include "control_api/policy_records.h"

namespace imprint::control_api {

namespace {

using registry::PolicyAttachment;
using registry::PolicyTarget;

registry::Key key_of_target(const PolicyTarget& target) {
  if (const auto* id = std::get_if<CertificateId>(&target)) return registry::certificate_key(*id);
  return registry::thing_group_key(std::get<ThingGroupName>(target));
}

/// The event of an attachment names a certificate in its field and a group in its detail.
registry::AuditEvent attachment_event(const Call& call, const PolicyName& policy,
                                      const PolicyTarget& target) {
  registry::AuditEvent event =
      call.event({{"policy", policy.str()}, {"target", registry::to_string(target)}});
  if (const auto* id = std::get_if<CertificateId>(&target)) event.certificate = id->hex();
  return event;
}

runtime::Task<Result<void>> check_target(Call call, registry::Store& store, PolicyTarget target) {
  const std::string missing = fmt::format("The target {} does not exist", target_arn(call, target));
  if (const auto* id = std::get_if<CertificateId>(&target)) {
    CO_TRY(co_await find_or_refuse(store, registry::certificate_key(*id), missing));
    co_return Result<void>();
  }
  CO_TRY_ASSIGN(const registry::ThingGroup group,
                co_await find_or_refuse(
                    store, registry::thing_group_key(std::get<ThingGroupName>(target)), missing));
  if (!group.is_dynamic()) co_return Result<void>();
  co_return refuse(Exception::invalid_request,
                   fmt::format("The target {} is a dynamic thing group; a policy would follow "
                               "whatever its query finds",
                               target_arn(call, target)),
                   "target");
}

Answer attach(Call call, registry::Store& store, PolicyTarget target) {
  CO_TRY_ASSIGN(const registry::Policy policy,
                co_await get_policy_record(store, call.in.name<PolicyName>("policyName")));
  CO_TRY(co_await check_target(call, store, target));
  CO_TRY_ASSIGN(const std::vector<PolicyAttachment> attached,
                co_await registry::list_first<PolicyAttachment>(
                    store, registry::query::PoliciesOfTarget{target}, 250));
  for (const PolicyAttachment& attachment : attached) {
    if (attachment.policy == policy.name) co_return json::object();
  }
  if (attached.size() >= kMaxPoliciesPerTarget) {
    co_return refuse(Exception::limit_exceeded,
                     fmt::format("The maximum number of policies per target ({}) is reached for "
                                 "{}; detach one first",
                                 kMaxPoliciesPerTarget, target_arn(call, target)));
  }
  registry::ChangeSet changes = change_set(attachment_event(call, policy.name, target));
  changes.add(registry::create(PolicyAttachment{policy.name, target, call.now()}));
  changes.add(registry::exists(registry::policy_key(policy.name)));
  changes.add(registry::exists(key_of_target(target)));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer detach(Call call, registry::Store& store, PolicyTarget target) {
  const auto policy = call.in.name<PolicyName>("policyName");
  const auto key = registry::attachment_key(policy, target);
  CO_TRY_ASSIGN(const std::optional<PolicyAttachment> found, co_await registry::find(store, key));
  if (!found) co_return json::object();
  registry::ChangeSet changes = change_set(attachment_event(call, policy, target));
  changes.add(registry::Erase{key, registry::Expect::present()});
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer attach_policy(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(PolicyTarget target, parse_target(call, "target"));
  co_return co_await attach(std::move(call), store, std::move(target));
}

Answer detach_policy(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(PolicyTarget target, parse_target(call, "target"));
  co_return co_await detach(std::move(call), store, std::move(target));
}

Answer attach_principal_policy(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  co_return co_await attach(std::move(call), store, PolicyTarget(id));
}

Answer detach_principal_policy(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  co_return co_await detach(std::move(call), store, PolicyTarget(id));
}

Answer list_of_target(Call call, registry::Store& store, PolicyTarget target) {
  CO_TRY(co_await check_target(call, store, target));
  co_return co_await list_page<PolicyAttachment>(
      std::move(call), store, registry::query::PoliciesOfTarget{target}, kMarkerStyle, "policies",
      [](const Call& c, const PolicyAttachment& attachment) {
        return write_policy(c, attachment.policy);
      });
}

/// The target's own policies and those it has through thing groups, each once, by name. All of them
/// are gathered for each page.
Answer list_inherited(Call call, registry::Store& store, PolicyTarget target) {
  CO_TRY(co_await check_target(call, store, target));
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kMarkerStyle));
  CO_TRY_ASSIGN(const std::set<PolicyName> names, co_await policies_in_effect(store, target));
  json::array policies;
  std::string last;
  std::optional<std::string> next;
  for (const PolicyName& name : names) {
    if (name.str() <= cursor.after) continue;
    if (policies.size() == cursor.limit) {
      next = last;
      break;
    }
    policies.emplace_back(write_policy(call, name));
    last = name.str();
  }
  json::object answer{{"policies", std::move(policies)}};
  put_next(answer, call, kMarkerStyle, next);
  co_return answer;
}

Answer list_attached_policies(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(PolicyTarget target, parse_target(call, "target"));
  if (call.in.flag("recursive"))
    co_return co_await list_inherited(std::move(call), store, std::move(target));
  co_return co_await list_of_target(std::move(call), store, std::move(target));
}

Answer list_principal_policies(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  co_return co_await list_of_target(std::move(call), store, PolicyTarget(id));
}

/// The targets of one policy under `member`, as `write` has them.
Answer list_targets(Call call, registry::Store& store, std::string_view member,
                    std::optional<json::value> (*write)(const Call&, const PolicyAttachment&)) {
  CO_TRY_ASSIGN(const registry::Policy policy,
                co_await get_policy_record(store, call.in.name<PolicyName>("policyName")));
  co_return co_await list_page<PolicyAttachment>(std::move(call), store,
                                                 registry::query::TargetsOfPolicy{policy.name},
                                                 kMarkerStyle, member, write);
}

std::optional<json::value> write_target(const Call& call, const PolicyAttachment& attachment) {
  return json::value(target_arn(call, attachment.target));
}

std::optional<json::value> write_principal(const Call& call, const PolicyAttachment& attachment) {
  if (!std::holds_alternative<CertificateId>(attachment.target)) return std::nullopt;
  return write_target(call, attachment);
}

Answer list_targets_for_policy(Call call, registry::Store& store) {
  return list_targets(std::move(call), store, "targets", write_target);
}

Answer list_policy_principals(Call call, registry::Store& store) {
  return list_targets(std::move(call), store, "principals", write_principal);
}

using enum Exception;

constexpr InputInfo kPrincipalHeader =
    members::arn("principal", Location::header, "x-amzn-iot-principal");
constexpr InputInfo policy_header() {
  InputInfo input = members::policy_name();
  input.in = Location::header;
  input.wire = "x-amzn-iot-policy";
  return input;
}
constexpr InputInfo kTarget[] = {members::policy_name(), members::arn("target")};
constexpr InputInfo kPrincipal[] = {members::policy_name(), kPrincipalHeader};
constexpr InputInfo kListAttached[] = {members::arn("target", Location::path),
                                       members::flag("recursive", Location::query),
                                       members::kMarker, members::kPageSize};
constexpr InputInfo kListTargets[] = {members::policy_name(), members::kMarker, members::kPageSize};
constexpr InputInfo kListPrincipalPolicies[] = {kPrincipalHeader, members::kMarker,
                                                members::kPageSize, members::kAscendingOrder};
constexpr InputInfo kListPolicyPrincipals[] = {policy_header(), members::kMarker,
                                               members::kPageSize, members::kAscendingOrder};
constexpr ExceptionSet kErrors{not_found,           invalid_request,  throttling,    unauthorized,
                               service_unavailable, internal_failure, limit_exceeded};
constexpr ExceptionSet kPrincipalErrors{not_found,    invalid_request,     throttling,
                                        unauthorized, service_unavailable, internal_failure};
constexpr ExceptionSet kDetachErrors{invalid_request,     throttling,       unauthorized,
                                     service_unavailable, internal_failure, limit_exceeded};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"AttachPolicy", "PUT", "/target-policies/{policyName}", kTarget, kErrors, attach_policy,
     "policy/{policyName} {target}"},
    {"DetachPolicy", "POST", "/target-policies/{policyName}", kTarget, kDetachErrors, detach_policy,
     "policy/{policyName} {target}"},
    {"ListAttachedPolicies", "POST", "/attached-policies/{target}", kListAttached, kErrors,
     list_attached_policies, "{target}"},
    {"ListTargetsForPolicy", "POST", "/policy-targets/{policyName}", kListTargets, kErrors,
     list_targets_for_policy, "policy/{policyName}"},
    {"AttachPrincipalPolicy", "PUT", "/principal-policies/{policyName}", kPrincipal, kErrors,
     attach_principal_policy, "policy/{policyName} {principal}"},
    {"DetachPrincipalPolicy", "DELETE", "/principal-policies/{policyName}", kPrincipal,
     kPrincipalErrors, detach_principal_policy, "policy/{policyName} {principal}"},
    {"ListPrincipalPolicies", "GET", "/principal-policies", kListPrincipalPolicies,
     kPrincipalErrors, list_principal_policies, "{principal}"},
    {"ListPolicyPrincipals", "GET", "/policy-principals", kListPolicyPrincipals, kPrincipalErrors,
     list_policy_principals, "policy/{policyName}"},
};

}  // namespace

Operations policy_attachment_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::control_api
