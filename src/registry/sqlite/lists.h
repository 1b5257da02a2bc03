// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "registry/store.h"
#include "registry/tables.h"

namespace imprint::registry {

/// The statement of a list, its parameters, and the kind of its rows. The last two parameters are
/// the cursor and the limit; rows are (body, sequence).
struct ListStatement {
  std::string_view sql;
  std::vector<Cell> values;
  Kind kind;
};
ListStatement list_statement(const Query& query, const Cursor& cursor);

/// The things of a search's range after a place, whether they match or not: rows of bodies, as many
/// as `limit`.
ListStatement search_statement(const search::Range& range,
                               const std::optional<search::Place>& after, std::size_t limit);

/// One row: how many things a range has, or `most` when there are as many or more.
ListStatement count_statement(const search::Range& range, std::size_t most);

}  // namespace imprint::registry
