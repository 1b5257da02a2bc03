// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/policy_records.h"
#include "policy/policy.h"
#include "telemetry/log.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct VersionNeeds {
  registry::Store& store;
  telemetry::Log& log;
};

/// The version that the call names. Its row allows no more digits than the type holds.
std::int64_t version_number(const Call& call) {
  const std::string text = call.in.text("policyVersionId");
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

runtime::Task<Result<registry::PolicyVersion>> get_version_record(registry::Store& store,
                                                                  PolicyName name,
                                                                  std::int64_t number) {
  co_return co_await find_or_refuse(
      store, registry::policy_version_key(name, number),
      fmt::format("Policy {} has no version {}", quote(name.str()), number));
}

json::object event_detail(const PolicyName& name, std::int64_t number) {
  return {{"policy", name.str()}, {"policy_version", number}};
}

Answer create_policy_version(Call call, VersionNeeds needs) {
  const auto name = call.in.name<PolicyName>("policyName");
  const std::string document = call.in.text("policyDocument");
  CO_TRY(refuse_reserved_policy(name));
  CO_TRY(check_policy_document(document, name));
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(registry::Policy policy, co_await get_policy_record(store, name));
  CO_TRY_ASSIGN(const std::vector<registry::PolicyVersion> versions,
                co_await registry::list_first<registry::PolicyVersion>(
                    store, registry::query::PolicyVersions{name}, kMaxPolicyVersions));
  if (versions.size() >= kMaxPolicyVersions) {
    co_return refuse(Exception::versions_limit,
                     fmt::format("The policy {} already has the maximum number of versions ({}); "
                                 "delete one first",
                                 name.str(), kMaxPolicyVersions));
  }
  const Timestamp now = call.now();
  const std::int64_t number = ++policy.last_version;
  const bool is_default = call.in.flag("setAsDefault");
  if (is_default) policy.default_version = number;
  json::object detail = policy_event_detail(needs.log, name, document);
  detail["policy_version"] = number;
  registry::ChangeSet changes = change_set(call.event(std::move(detail)));
  changes.add(registry::create(registry::PolicyVersion{name, number, document, now}));
  changes.add(registry::update(policy, now));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object{{"policyArn", policy_arn(call, name)},
                         {"policyDocument", document},
                         {"policyVersionId", std::to_string(number)},
                         {"isDefaultVersion", is_default}};
}

Answer get_policy_version(Call call, VersionNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const registry::Policy policy,
                co_await get_policy_record(store, call.in.name<PolicyName>("policyName")));
  CO_TRY_ASSIGN(const registry::PolicyVersion version,
                co_await get_version_record(store, policy.name, version_number(call)));
  json::object answer = write_policy(call, policy.name);
  answer["policyDocument"] = version.document;
  answer["policyVersionId"] = std::to_string(version.number);
  answer["isDefaultVersion"] = version.number == policy.default_version;
  answer["creationDate"] = epoch_seconds(version.created);
  answer["lastModifiedDate"] = epoch_seconds(version.created);
  answer["generationId"] = policy.generation_id;
  co_return answer;
}

Answer list_policy_versions(Call call, VersionNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const registry::Policy policy,
                co_await get_policy_record(store, call.in.name<PolicyName>("policyName")));
  CO_TRY_ASSIGN(std::vector<registry::PolicyVersion> versions,
                co_await registry::list_first<registry::PolicyVersion>(
                    store, registry::query::PolicyVersions{policy.name}, kMaxPolicyVersions));
  std::ranges::sort(versions, std::ranges::greater(), &registry::PolicyVersion::number);
  json::array out;
  for (const registry::PolicyVersion& version : versions) {
    out.emplace_back(json::object{{"versionId", std::to_string(version.number)},
                                  {"isDefaultVersion", version.number == policy.default_version},
                                  {"createDate", epoch_seconds(version.created)}});
  }
  co_return json::object{{"policyVersions", std::move(out)}};
}

Answer set_default_policy_version(Call call, VersionNeeds needs) {
  registry::Store& store = needs.store;
  const auto name = call.in.name<PolicyName>("policyName");
  CO_TRY(refuse_reserved_policy(name));
  CO_TRY_ASSIGN(registry::Policy policy, co_await get_policy_record(store, name));
  CO_TRY_ASSIGN(const registry::PolicyVersion version,
                co_await get_version_record(store, policy.name, version_number(call)));
  if (policy.default_version == version.number) co_return json::object();
  policy.default_version = version.number;
  registry::ChangeSet changes = change_set(call.event(event_detail(name, version.number)));
  changes.add(registry::update(policy, call.now()));
  changes.add(registry::exists(registry::policy_version_key(name, version.number)));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer delete_policy_version(Call call, VersionNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const registry::Policy policy,
                co_await get_policy_record(store, call.in.name<PolicyName>("policyName")));
  CO_TRY_ASSIGN(const registry::PolicyVersion version,
                co_await get_version_record(store, policy.name, version_number(call)));
  if (version.number == policy.default_version) {
    co_return refuse(Exception::delete_conflict,
                     fmt::format("Cannot delete the default version of a policy (name={}, "
                                 "version={}); make another one the default first",
                                 policy.name.str(), version.number));
  }
  registry::ChangeSet changes = change_set(call.event(event_detail(policy.name, version.number)));
  changes.add(registry::Erase{registry::policy_version_key(policy.name, version.number),
                              registry::Expect::present()});
  changes.add(registry::as_read(policy));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

using enum Exception;

constexpr InputInfo kVersionId{.name = "policyVersionId",
                               .in = Location::path,
                               .required = true,
                               .least = 1,
                               .most = 18,
                               .rule = members::kDigits};
constexpr InputInfo kCreate[] = {members::policy_name(),
                                 members::text("policyDocument", policy::kMaxDocumentBytes, true),
                                 members::flag("setAsDefault", Location::query)};
constexpr InputInfo kOne[] = {members::policy_name(), kVersionId};
constexpr InputInfo kAll[] = {members::policy_name()};
constexpr ExceptionSet kErrors{not_found,    invalid_request,     throttling,
                               unauthorized, service_unavailable, internal_failure};

constexpr rest::Row<VersionNeeds> kOperations[] = {
    {"CreatePolicyVersion",
     "POST",
     "/policies/{policyName}/version",
     kCreate,
     {not_found, malformed_policy, versions_limit, invalid_request, throttling, unauthorized,
      service_unavailable, internal_failure},
     create_policy_version,
     "policy/{policyName}"},
    {"GetPolicyVersion", "GET", "/policies/{policyName}/version/{policyVersionId}", kOne, kErrors,
     get_policy_version, "policy/{policyName}"},
    {"ListPolicyVersions", "GET", "/policies/{policyName}/version", kAll, kErrors,
     list_policy_versions, "policy/{policyName}"},
    {"SetDefaultPolicyVersion", "PATCH", "/policies/{policyName}/version/{policyVersionId}", kOne,
     kErrors, set_default_policy_version, "policy/{policyName}"},
    {"DeletePolicyVersion",
     "DELETE",
     "/policies/{policyName}/version/{policyVersionId}",
     kOne,
     {delete_conflict, not_found, invalid_request, throttling, unauthorized, service_unavailable,
      internal_failure},
     delete_policy_version,
     "policy/{policyName}"},
};

}  // namespace

Operations policy_version_operations(registry::Store& store, telemetry::Log& log) {
  return rest::bind(kOperations, VersionNeeds{store, log});
}

}  // namespace imprint::control_api
