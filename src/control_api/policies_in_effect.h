// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "control_api/store_access.h"

/// The policies that apply to a target, including those it has through thing groups.
namespace imprint::control_api {

/// The policies of a certificate and of the groups of its things, or those of a group; in both
/// cases also those of the groups above. For a certificate, the store answers the same query as for
/// identity::AccessControl.
runtime::Task<Result<std::set<PolicyName>>> policies_in_effect(registry::Store& store,
                                                               registry::PolicyTarget target);

/// The policies that a certificate gains by being attached to the thing.
runtime::Task<Result<std::set<PolicyName>>> policies_through_thing(registry::Store& store,
                                                                   ThingName thing);

}  // namespace imprint::control_api
