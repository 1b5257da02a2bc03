// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/store.h"

namespace imprint::registry {

/// A record's position in the order of a list: by name, or by creation time where AWS orders so. A
/// Cursor continues after it; it is the same in every store.
std::string sort_key(const Record& record, const Query& query);

/// False for lists that run from newest to oldest.
bool is_ascending(const Query& query);

}  // namespace imprint::registry
