// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "control_api/store_access.h"

/// Which policies reach whom, beyond those attached directly.
namespace imprint::control_api {

/// A certificate's own and those of the groups of its things, or a group's own; each with the
/// groups above. For a certificate the same answer of the store that identity::AccessControl goes
/// by.
runtime::Task<Result<std::set<PolicyName>>> policies_in_effect(registry::Store& store,
                                                               registry::PolicyTarget target);

/// What a certificate gains by being attached to the thing.
runtime::Task<Result<std::set<PolicyName>>> policies_through_thing(registry::Store& store,
                                                                   ThingName thing);

}  // namespace imprint::control_api
