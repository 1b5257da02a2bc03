// SPDX-License-Identifier: Apache-2.0
#include "transfer/facts.h"

#include <algorithm>

namespace imprint::transfer {

namespace {

namespace query = registry::query;
using registry::Record;

constexpr std::size_t kMostAncestors = 8;

Result<ThingFacts::Principal> principal_of(registry::Store& store,
                                           const registry::ThingPrincipal& link) {
  TRY_ASSIGN(
      registry::Certificate certificate,
      runtime::run_blocking(registry::get(store, registry::certificate_key(link.certificate))));
  TRY_ASSIGN(std::vector<PolicyName> policies,
             policies_of(store, registry::PolicyTarget(link.certificate)));
  return ThingFacts::Principal{std::move(certificate), std::move(policies), link.exclusive};
}

}  // namespace

Result<void> for_each_thing(registry::Store& store,
                            const std::function<Result<void>(const ThingFacts&)>& take) {
  return for_each_record(store, query::Things{}, [&](const Record& record) -> Result<void> {
    ThingFacts facts{.thing = std::get<registry::Thing>(record)};
    TRY(for_each_record(store, query::GroupsOfThing{facts.thing.name}, [&](const Record& found) {
      facts.groups.push_back(std::get<registry::GroupMembership>(found).group);
      return Result<void>();
    }));
    TRY(for_each_record(store, query::PrincipalsOfThing{facts.thing.name},
                        [&](const Record& found) -> Result<void> {
                          TRY_ASSIGN(
                              ThingFacts::Principal principal,
                              principal_of(store, std::get<registry::ThingPrincipal>(found)));
                          facts.principals.push_back(std::move(principal));
                          return {};
                        }));
    std::ranges::sort(facts.groups);
    return take(facts);
  });
}

Result<std::vector<PolicyName>> policies_of(registry::Store& store,
                                            const registry::PolicyTarget& target) {
  std::vector<PolicyName> out;
  TRY(for_each_record(store, query::PoliciesOfTarget{target}, [&](const Record& record) {
    out.push_back(std::get<registry::PolicyAttachment>(record).policy);
    return Result<void>();
  }));
  std::ranges::sort(out);
  return out;
}

Result<std::vector<ThingGroupName>> with_ancestors(registry::Store& store,
                                                   const ThingGroupName& group) {
  std::vector<ThingGroupName> out{group};
  while (out.size() <= kMostAncestors) {
    TRY_ASSIGN(const registry::ThingGroup record,
               runtime::run_blocking(registry::get(store, registry::thing_group_key(out.back()))));
    if (!record.parent) break;
    out.push_back(*record.parent);
  }
  return out;
}

Result<std::string> default_document(registry::Store& store, const registry::Policy& policy) {
  TRY_ASSIGN(const registry::PolicyVersion version,
             runtime::run_blocking(registry::get(
                 store, registry::policy_version_key(policy.name, policy.default_version))));
  return version.document;
}

}  // namespace imprint::transfer
