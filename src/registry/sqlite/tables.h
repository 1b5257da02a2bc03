// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/sqlite/statement.h"
#include "registry/store.h"

namespace imprint::registry {

/// How one kind of record lies in SQLite: key columns, the columns that lists search by, and the
/// record itself as JSON (codec.h) in `body`.
struct Table {
  std::string_view find;     ///< SELECT body by key
  std::string_view version;  ///< SELECT version by key
  std::string_view put;      ///< INSERT OR REPLACE
  std::string_view erase;    ///< DELETE by key
  bool two_part_key;
  std::vector<SqlValue> (*columns)(const Record&);  ///< searched columns, in the order of `put`
};

const Table& table_of(Kind kind);

/// The schema's numbered steps, oldest first; PRAGMA user_version counts those applied. Forward
/// only.
const std::vector<std::string_view>& migrations();

/// Fault::conflict for a schema of a newer program.
Result<void> check_schema(std::int64_t applied);

/// The statement of a list, its parameters, and the kind of its rows. The last two parameters are
/// the cursor and the limit; rows are (body, sequence).
struct ListStatement {
  std::string_view sql;
  std::vector<SqlValue> values;
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
