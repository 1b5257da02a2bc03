// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "encoding/json.h"
#include "registry/sqlite/statement.h"
#include "registry/store.h"

/// Reads records through one connection, for the connection's owner.
namespace imprint::registry {

/// Parsing limits for a record's text in the store.
inline constexpr encoding::Limits kStored{.max_bytes = std::size_t{4} * 1024 * 1024,
                                          .max_depth = 32};

Result<std::optional<Record>> find_row(Connection& connection, const Key& key);

/// One page of any query.
Result<Page> list_page(Connection& connection, const Query& query, const Cursor& cursor);

}  // namespace imprint::registry
