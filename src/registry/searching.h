// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "registry/store.h"

/// How a thing of the registry looks to a search: the same for every store.
namespace imprint::registry {

/// A view of both; neither may go before it.
search::Document document_of(const Thing& thing, const std::vector<GroupMembership>& groups);

/// The place of a thing that matches, in the order of the search's range.
std::string search_place(const search::Range& range, const Thing& thing);

}  // namespace imprint::registry
