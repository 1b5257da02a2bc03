// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/store.h"

namespace imprint::registry {

/// The place of a record in the order of a list: by name, or by creation time where AWS orders so.
/// It is what a Cursor goes on after, the same in every store.
std::string sort_key(const Record& record, const Query& query);

/// False for the lists that run from the newest to the oldest.
bool is_ascending(const Query& query);

}  // namespace imprint::registry
