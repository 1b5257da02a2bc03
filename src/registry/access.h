// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "registry/store.h"

namespace imprint::registry {

/// Answers query::AccessOf from smaller queries; `ask` returns the whole list of one query. All
/// stores share this traversal. It follows thing groups to their roots, at most kMaxGroupDepth
/// levels.
template <class Ask, class Find>
Result<std::vector<Record>> gather_access(const CertificateId& certificate, Ask ask, Find find) {
  constexpr int kMaxGroupDepth = 8;
  std::vector<Record> out;
  const auto append = [&](Query query) -> Result<std::vector<Record>> {
    TRY_ASSIGN(std::vector<Record> found, ask(query));
    out.insert(out.end(), found.begin(), found.end());
    return found;
  };
  TRY(append(query::PoliciesOfTarget{PolicyTarget(certificate)}));
  TRY_ASSIGN(const std::vector<Record> principals, append(query::ThingsOfPrincipal{certificate}));
  for (const Record& principal : principals) {
    const ThingName& thing = std::get<ThingPrincipal>(principal).thing;
    TRY_ASSIGN(const std::optional<Record> found, find(thing_key(thing)));
    if (found) out.push_back(*found);
    TRY_ASSIGN(const std::vector<Record> memberships, append(query::GroupsOfThing{thing}));
    for (const Record& membership : memberships) {
      std::optional<ThingGroupName> group = std::get<GroupMembership>(membership).group;
      for (int depth = 0; group && depth < kMaxGroupDepth; ++depth) {
        TRY_ASSIGN(const std::optional<Record> record, find(thing_group_key(*group)));
        if (!record) break;
        out.push_back(*record);
        TRY(append(query::PoliciesOfTarget{PolicyTarget(*group)}));
        group = std::get<ThingGroup>(*record).parent;
      }
    }
  }
  return out;
}

}  // namespace imprint::registry
