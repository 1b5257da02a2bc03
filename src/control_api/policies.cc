// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "control_api/arn.h"
#include "control_api/claim_policy.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/policy_records.h"
#include "control_api/tags.h"
#include "policy/lint.h"
#include "telemetry/log.h"

namespace imprint::control_api {

Result<void> check_policy_document(const std::string& document, const PolicyName& name) {
  TRY(policy::Policy::parse(document, name.str()));
  return {};
}

json::object policy_event_detail(telemetry::Log& log, const PolicyName& name,
                                 const std::string& document) {
  json::object detail{{"policy", name.str()}};
  const auto parsed = policy::Policy::parse(document, name.str());
  IMPRINT_ASSERT(parsed.has_value());
  json::array all;
  for (const std::string& warning : policy::warnings(*parsed)) {
    log.warning("a policy is stricter here than on AWS IoT",
                {{"policy", name.str()}, {"because", warning}});
    all.emplace_back(warning);
  }
  if (!all.empty()) detail["warnings"] = std::move(all);
  return detail;
}

Result<void> refuse_reserved_policy(const PolicyName& name) {
  if (!is_claim_policy(name)) return {};
  return refuse(Exception::invalid_request,
                fmt::format("policies whose names begin with {} belong to the server, which gives "
                            "them to claim certificates; choose another name",
                            kClaimPolicyPrefix),
                "policyName");
}

runtime::Task<Result<registry::Policy>> get_policy_record(registry::Store& store, PolicyName name) {
  co_return co_await find_or_refuse(store, registry::policy_key(name),
                                    fmt::format("Policy {} not found", quote(name.str())));
}

json::object write_policy(const Call& call, const PolicyName& name) {
  return {{"policyName", name.str()}, {"policyArn", policy_arn(call, name)}};
}

namespace {

/// The dependencies of these operations.
struct PolicyNeeds {
  registry::Store& store;
  Random& random;
  telemetry::Log& log;
};

Answer create_policy(Call call, PolicyNeeds needs) {
  const auto name = call.in.name<PolicyName>("policyName");
  const std::string document = call.in.text("policyDocument");
  CO_TRY_ASSIGN(const Tags tags, read_tags(call));
  CO_TRY(refuse_reserved_policy(name));
  CO_TRY(check_policy_document(document, name));
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const std::optional<registry::Policy> existing,
                co_await registry::find(store, registry::policy_key(name)));
  if (existing) {
    co_return refuse(
        Exception::already_exists,
        fmt::format("Policy cannot be created - name already exists (name={})", name.str()),
        policy_arn(call, name));
  }
  const Timestamp now = call.now();
  registry::ChangeSet changes =
      change_set(call.event(policy_event_detail(needs.log, name, document)));
  changes.add(registry::create(registry::Policy{
      .name = name, .generation_id = make_uuid(needs.random), .created = now, .modified = now}));
  changes.add(registry::create(registry::PolicyVersion{name, 1, document, now}));
  put_tags(changes, registry::policy_key(name), tags, now);
  CO_TRY(co_await commit(store, std::move(changes)));
  json::object answer = write_policy(call, name);
  answer["policyDocument"] = document;
  answer["policyVersionId"] = "1";
  co_return answer;
}

Answer get_policy(Call call, PolicyNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const registry::Policy policy,
                co_await get_policy_record(store, call.in.name<PolicyName>("policyName")));
  CO_TRY_ASSIGN(const registry::PolicyVersion version,
                co_await registry::get(
                    store, registry::policy_version_key(policy.name, policy.default_version)));
  json::object answer = write_policy(call, policy.name);
  answer["policyDocument"] = version.document;
  answer["defaultVersionId"] = std::to_string(policy.default_version);
  answer["creationDate"] = epoch_seconds(policy.created);
  answer["lastModifiedDate"] = epoch_seconds(policy.modified);
  answer["generationId"] = policy.generation_id;
  co_return answer;
}

Answer list_policies(Call call, PolicyNeeds needs) {
  const registry::query::Policies all{call.in.flag("ascendingOrder")};
  return list_page<registry::Policy>(
      std::move(call), needs.store, all, kMarkerStyle, "policies",
      [](const Call& c, const registry::Policy& policy) { return write_policy(c, policy.name); });
}

Answer delete_policy(Call call, PolicyNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const registry::Policy policy,
                co_await get_policy_record(store, call.in.name<PolicyName>("policyName")));
  const registry::query::TargetsOfPolicy targets{policy.name};
  CO_TRY_ASSIGN(const std::vector<registry::PolicyAttachment> attached,
                co_await registry::list_first<registry::PolicyAttachment>(store, targets, 1));
  if (!attached.empty()) {
    co_return refuse(Exception::delete_conflict,
                     fmt::format("The policy cannot be deleted as the policy is attached to one or "
                                 "more principals (name={}), {} among them; detach it first",
                                 policy.name.str(), target_arn(call, attached.front().target)));
  }
  CO_TRY_ASSIGN(const std::vector<registry::PolicyVersion> versions,
                co_await registry::list_first<registry::PolicyVersion>(
                    store, registry::query::PolicyVersions{policy.name}, kMaxPolicyVersions));
  if (versions.size() > 1) {
    co_return refuse(
        Exception::delete_conflict,
        fmt::format("Cannot delete the policy because it has one or more policy versions attached "
                    "to it (name={}); delete all but the default version first",
                    policy.name.str()));
  }
  registry::ChangeSet changes = change_set(call.event({{"policy", policy.name.str()}}));
  changes.add(registry::erase(policy));
  changes.add(registry::Erase{registry::policy_version_key(policy.name, policy.default_version)});
  erase_tags(changes, registry::policy_key(policy.name));
  CO_TRY(co_await commit(store, std::move(changes)));
  CO_TRY(co_await erase_strays(store, targets, registry::policy_key(policy.name), call.event()));
  co_return json::object();
}

using enum Exception;

constexpr InputInfo kCreate[] = {members::policy_name(),
                                 members::text("policyDocument", policy::kMaxDocumentBytes, true),
                                 members::kTags};
constexpr InputInfo kOne[] = {members::policy_name()};
constexpr InputInfo kList[] = {members::kMarker, members::kPageSize, members::kAscendingOrder};

constexpr rest::Row<PolicyNeeds> kOperations[] = {
    {"CreatePolicy",
     "POST",
     "/policies/{policyName}",
     kCreate,
     {already_exists, malformed_policy, invalid_request, throttling, unauthorized,
      service_unavailable, internal_failure},
     create_policy,
     "policy/{policyName}"},
    {"GetPolicy",
     "GET",
     "/policies/{policyName}",
     kOne,
     {not_found, invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     get_policy,
     "policy/{policyName}"},
    {"ListPolicies",
     "GET",
     "/policies",
     kList,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_policies},
    {"DeletePolicy",
     "DELETE",
     "/policies/{policyName}",
     kOne,
     {delete_conflict, not_found, invalid_request, throttling, unauthorized, service_unavailable,
      internal_failure},
     delete_policy,
     "policy/{policyName}"},
};

}  // namespace

Operations policy_operations(registry::Store& store, Random& random, telemetry::Log& log) {
  return rest::bind(kOperations, PolicyNeeds{store, random, log});
}

}  // namespace imprint::control_api
