// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "registry/keys.h"

/// How records are laid out in the tables of a relational store, whatever its dialect: a table for
/// each kind, with the columns of the key, the version, columns that lists search by, and the
/// record as JSON (codec.h) in `body`.
namespace imprint::registry {

/// The value of a column.
using Cell = std::variant<std::nullptr_t, std::int64_t, std::string, double>;

struct SearchedColumn {
  std::string_view name;
  Cell (*value)(const Record&);
};

struct Table {
  Kind kind;
  std::string_view name;
  std::vector<std::string_view> key;
  std::vector<SearchedColumn> searched = {};
  /// Rows are numbered, have no version, and are never replaced.
  bool is_append_only = false;
};

const Table& table_of(Kind kind);

/// The values of the key columns for this key.
std::vector<Cell> key_cells(const Key& key);

/// The values of the searched columns for this record.
std::vector<Cell> searched_cells(const Record& record);

}  // namespace imprint::registry
