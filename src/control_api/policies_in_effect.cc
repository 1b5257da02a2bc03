// SPDX-License-Identifier: Apache-2.0
#include "control_api/policies_in_effect.h"

#include "control_api/thing_group_tree.h"

namespace imprint::control_api {

namespace {

using registry::PolicyAttachment;
using registry::PolicyTarget;

using Names = Result<std::set<PolicyName>>;

/// The attachments in an answer of the store, whatever else it holds.
runtime::Task<Names> attached_in(registry::Store& store, registry::Query query) {
  CO_TRY_ASSIGN(const std::vector<PolicyAttachment> attachments,
                co_await registry::list_all<PolicyAttachment>(store, std::move(query)));
  std::set<PolicyName> names;
  for (const PolicyAttachment& attachment : attachments) names.insert(attachment.policy);
  co_return names;
}

runtime::Task<Names> policies_of_group(registry::Store& store, ThingGroupName group) {
  CO_TRY_ASSIGN(const std::vector<registry::ThingGroup> line, co_await ancestors_of(store, group));
  CO_TRY_ASSIGN(
      std::set<PolicyName> names,
      co_await attached_in(store, registry::query::PoliciesOfTarget{PolicyTarget(group)}));
  for (const registry::ThingGroup& ancestor : line) {
    const registry::query::PoliciesOfTarget above{PolicyTarget(ancestor.name)};
    CO_TRY_ASSIGN(std::set<PolicyName> inherited, co_await attached_in(store, above));
    names.merge(inherited);
  }
  co_return names;
}

}  // namespace

runtime::Task<Names> policies_in_effect(registry::Store& store, PolicyTarget target) {
  if (const auto* id = std::get_if<CertificateId>(&target))
    return attached_in(store, registry::query::AccessOf{*id});
  return policies_of_group(store, std::get<ThingGroupName>(std::move(target)));
}

runtime::Task<Names> policies_through_thing(registry::Store& store, ThingName thing) {
  CO_TRY_ASSIGN(const std::vector<registry::GroupMembership> memberships,
                co_await registry::list_all<registry::GroupMembership>(
                    store, registry::query::GroupsOfThing{std::move(thing)}));
  std::set<PolicyName> names;
  for (const registry::GroupMembership& membership : memberships) {
    CO_TRY_ASSIGN(std::set<PolicyName> of_group,
                  co_await policies_of_group(store, membership.group));
    names.merge(of_group);
  }
  co_return names;
}

}  // namespace imprint::control_api
