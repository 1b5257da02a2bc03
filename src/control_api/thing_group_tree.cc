// SPDX-License-Identifier: Apache-2.0
#include "control_api/thing_group_tree.h"

namespace imprint::control_api {

using registry::ThingGroup;

runtime::Task<Result<std::vector<ThingGroup>>> ancestors_of(registry::Store& store,
                                                            ThingGroupName group) {
  std::vector<ThingGroup> line;
  CO_TRY_ASSIGN(std::optional<ThingGroup> at,
                co_await registry::find(store, registry::thing_group_key(group)));
  while (at && at->parent && line.size() < kMaxGroupLevels) {
    CO_TRY_ASSIGN(at, co_await registry::find(store, registry::thing_group_key(*at->parent)));
    if (at) line.push_back(*at);
  }
  co_return line;
}

runtime::Task<Result<ThingGroupName>> root_of(registry::Store& store, ThingGroupName group) {
  CO_TRY_ASSIGN(const std::vector<ThingGroup> line, co_await ancestors_of(store, group));
  co_return line.empty() ? group : line.back().name;
}

runtime::Task<Result<std::vector<ThingGroupName>>> subtree_of(registry::Store& store,
                                                              ThingGroupName group) {
  std::vector<ThingGroupName> found{group};
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found.size() > kMaxListedGroups) {
      co_return refuse(Exception::invalid_request,
                       fmt::format("there are more than {} groups under {}; list them one by one",
                                   kMaxListedGroups, quote(group.str())));
    }
    CO_TRY_ASSIGN(const std::vector<ThingGroup> children,
                  co_await registry::list_all<ThingGroup>(
                      store, registry::query::ThingGroups{.parent = found[i]}));
    for (const ThingGroup& child : children) found.push_back(child.name);
  }
  std::ranges::sort(found);
  co_return found;
}

}  // namespace imprint::control_api
