// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "registry/store.h"
#include "registry/tables.h"

namespace imprint::registry {

/// The SQL statement of a list, its parameters, and the kind of its rows. The last two parameters
/// are the cursor and the limit; rows are (body, sequence).
struct ListStatement {
  std::string_view sql;
  std::vector<Cell> values;
  Kind kind;
};
ListStatement list_statement(const Query& query, const Cursor& cursor);

/// Up to `limit` things of a search's range after a place, matching or not, as rows of bodies.
ListStatement search_statement(const search::Range& range,
                               const std::optional<search::Place>& after, std::size_t limit);

/// One row: the number of things in a range, or `most` if there are at least as many.
ListStatement count_statement(const search::Range& range, std::size_t most);

}  // namespace imprint::registry
