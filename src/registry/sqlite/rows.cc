// SPDX-License-Identifier: Apache-2.0
#include "registry/sqlite/rows.h"

#include <cstdlib>

#include "registry/access.h"
#include "registry/codec.h"
#include "registry/order.h"
#include "registry/searching.h"
#include "registry/sqlite/lists.h"
#include "registry/sqlite/statements.h"

namespace imprint::registry {

namespace {

Result<Record> decode(Kind kind, sqlite3_stmt* statement) {
  TRY_ASSIGN(const encoding::json::value body,
             encoding::parse_json(Connection::text(statement, 0), kStored));
  return from_json(kind, body);
}

}  // namespace

Result<std::optional<Record>> find_row(Connection& connection, const Key& key) {
  TRY_ASSIGN(sqlite3_stmt* const statement,
             connection.prepare(statements_of(key.kind).find, key_cells(key)));
  TRY_ASSIGN(const bool row, connection.step(statement));
  if (!row) return std::optional<Record>();
  auto record = decode(key.kind, statement);
  sqlite3_reset(statement);
  if (!record) return tl::unexpected(std::move(record).error());
  return std::optional(std::move(*record));
}

namespace {

Result<Page> list_rows(Connection& connection, const Query& query, const Cursor& cursor) {
  const ListStatement list = list_statement(query, cursor);
  TRY_ASSIGN(sqlite3_stmt* const statement, connection.prepare(list.sql, list.values));
  Page page;
  while (true) {
    TRY_ASSIGN(const bool row, connection.step(statement));
    if (!row) break;
    if (page.records.size() == cursor.limit) {
      page.next = sort_key(page.records.back(), query);
      sqlite3_reset(statement);
      break;
    }
    auto record = decode(list.kind, statement);
    // An unreadable event must not hide the others, nor be kept for ever.
    if (!record && list.kind == Kind::audit_event)
      record = AuditEvent{.step = "unreadable", .outcome = "failed"};
    if (!record) {
      sqlite3_reset(statement);
      return tl::unexpected(std::move(record).error());
    }
    if (auto* event = std::get_if<AuditEvent>(&*record))
      event->sequence = Connection::integer(statement, 1);
    page.records.push_back(std::move(*record));
  }
  return page;
}

/// The most things examined for one page of a search, during which the reader is blocked for all
/// other queries.
constexpr std::size_t kMaxSearched = 1000;

Result<std::vector<GroupMembership>> groups_of(Connection& connection, const ThingName& thing) {
  TRY_ASSIGN(Page page, list_rows(connection, query::GroupsOfThing{thing}, Cursor{{}, 1000}));
  std::vector<GroupMembership> out;
  for (Record& record : page.records) out.push_back(std::get<GroupMembership>(std::move(record)));
  return out;
}

Result<std::size_t> count_things(Connection& connection, const search::Range& range,
                                 std::size_t most) {
  const ListStatement count = count_statement(range, most);
  TRY_ASSIGN(sqlite3_stmt* const statement, connection.prepare(count.sql, count.values));
  TRY_ASSIGN(const bool row, connection.step(statement));
  const std::int64_t things = row ? Connection::integer(statement, 0) : 0;
  sqlite3_reset(statement);
  return static_cast<std::size_t>(things);
}

Result<Page> search_rows(Connection& connection, const search::Query& search,
                         const Cursor& cursor) {
  std::size_t range = 0;
  std::optional<search::Place> after;
  if (cursor.after.empty()) {
    TRY_ASSIGN(range, narrowest_range(search, [&](const search::Range& r, std::size_t most) {
                 return count_things(connection, r, most);
               }));
  } else {
    TRY_ASSIGN(SearchPlace place, parse_search_place(search, cursor.after));
    range = place.range;
    after = std::move(place.place);
  }
  const ListStatement list = search_statement(search.ranges()[range], after, kMaxSearched);
  TRY_ASSIGN(sqlite3_stmt* const statement, connection.prepare(list.sql, list.values));
  Page page;
  std::size_t seen = 0;
  std::size_t found = 0;
  while (found < cursor.limit) {
    TRY_ASSIGN(const bool row, connection.step(statement));
    if (!row) {
      // Fewer rows than requested: the range is exhausted.
      if (seen < kMaxSearched) page.next.reset();
      return page;
    }
    ++seen;
    auto record = decode(Kind::thing, statement);
    if (!record) {
      sqlite3_reset(statement);
      return tl::unexpected(std::move(record).error());
    }
    const auto& thing = std::get<Thing>(*record);
    auto groups = groups_of(connection, thing.name);
    if (!groups) {
      sqlite3_reset(statement);
      return tl::unexpected(std::move(groups).error());
    }
    page.next = write_search_place(search, range, thing);
    if (!search.matches(document_of(thing, *groups))) continue;
    ++found;
    page.records.push_back(std::move(*record));
    page.records.insert(page.records.end(), groups->begin(), groups->end());
  }
  sqlite3_reset(statement);
  return page;
}

}  // namespace

Result<Page> list_page(Connection& connection, const Query& query, const Cursor& cursor) {
  if (const auto* search = std::get_if<query::SearchThings>(&query))
    return search_rows(connection, search->search, cursor);
  const auto* access = std::get_if<query::AccessOf>(&query);
  if (access == nullptr) return list_rows(connection, query, cursor);
  const Cursor whole{{}, 1000};
  auto found = gather_access(
      access->certificate,
      [&](const Query& q) -> Result<std::vector<Record>> {
        TRY_ASSIGN(Page page, list_rows(connection, q, whole));
        return std::move(page.records);
      },
      [&](const Key& key) { return find_row(connection, key); });
  if (!found) return tl::unexpected(std::move(found).error());
  return Page{std::move(*found), std::nullopt};
}

}  // namespace imprint::registry
