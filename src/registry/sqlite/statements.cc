// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/statements.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace imprint::registry {

namespace {

std::string where(const Table& table) {
  std::vector<std::string> parts;
  for (const std::string_view column : table.key)
    parts.push_back(fmt::format("{}=?{}", column, parts.size() + 1));
  return fmt::format("{} WHERE {}", table.name, fmt::join(parts, " AND "));
}

std::string insert(const Table& table) {
  std::vector<std::string_view> columns = table.key;
  if (!table.is_append_only) columns.emplace_back("version");
  for (const SearchedColumn& column : table.searched) columns.push_back(column.name);
  columns.emplace_back("body");
  std::vector<std::string> places;
  for (std::size_t at = 1; at <= columns.size(); ++at) places.push_back(fmt::format("?{}", at));
  return fmt::format("INSERT {}INTO {} ({}) VALUES ({})", table.is_append_only ? "" : "OR REPLACE ",
                     table.name, fmt::join(columns, ", "), fmt::join(places, ","));
}

}  // namespace

Statements::Statements(const Table& table)
    : find("SELECT body FROM " + where(table)),
      version((table.is_append_only ? "SELECT 1 FROM " : "SELECT version FROM ") + where(table)),
      put(insert(table)),
      erase("DELETE FROM " + where(table)) {}

const Statements& statements_of(Kind kind) {
  static const std::vector<Statements> kAll = [] {
    std::vector<Statements> all;
    for (std::size_t each = 0; each < kKinds; ++each)
      all.emplace_back(table_of(static_cast<Kind>(each)));
    return all;
  }();
  return kAll[static_cast<std::size_t>(kind)];
}

}  // namespace imprint::registry
