// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "registry/store.h"
#include "transfer/export.h"

/// Queries that several formats need.
namespace imprint::transfer {

/// A thing with everything that belongs to it.
struct ThingFacts {
  registry::Thing thing;
  std::vector<ThingGroupName> groups = {};  ///< sorted
  struct Principal {
    registry::Certificate certificate;
    std::vector<PolicyName> policies = {};  ///< attached to the certificate itself, sorted
    bool exclusive = false;
  };
  std::vector<Principal> principals = {};
};

/// Calls `take` with every thing, one at a time.
Result<void> for_each_thing(registry::Store& store,
                            const std::function<Result<void>(const ThingFacts&)>& take);

/// The names of the policies attached to a target, sorted.
Result<std::vector<PolicyName>> policies_of(registry::Store& store,
                                            const registry::PolicyTarget& target);

/// A group and its ancestors, from the bottom up; stops at a cycle.
Result<std::vector<ThingGroupName>> with_ancestors(registry::Store& store,
                                                   const ThingGroupName& group);

/// The document of a policy's default version.
Result<std::string> default_document(registry::Store& store, const registry::Policy& policy);

}  // namespace imprint::transfer
