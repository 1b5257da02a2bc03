// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "control_api/store_access.h"

/// Walks through the hierarchy of thing groups. The store knows only parents and children;
/// CreateThingGroup enforces the bounds below.
namespace imprint::control_api {

/// AWS IoT quotas: levels of a hierarchy, children of one group.
inline constexpr std::size_t kMaxGroupLevels = 7;
inline constexpr std::size_t kMaxGroupChildren = 100;

/// The groups above one, its parent first and its root last.
runtime::Task<Result<std::vector<registry::ThingGroup>>> ancestors_of(registry::Store& store,
                                                                      ThingGroupName group);

/// The root of a group's hierarchy: itself when it has no parent.
runtime::Task<Result<ThingGroupName>> root_of(registry::Store& store, ThingGroupName group);

/// A group and all groups under it, by name. Fault::exhausted beyond kMaxListedGroups.
inline constexpr std::size_t kMaxListedGroups = 10'000;
runtime::Task<Result<std::vector<ThingGroupName>>> subtree_of(registry::Store& store,
                                                              ThingGroupName group);

}  // namespace imprint::control_api
