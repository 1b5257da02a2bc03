// SPDX-License-Identifier: Apache-2.0
#include "control_api/searching.h"

#include <algorithm>

#include "control_api/words.h"
#include "encoding/text.h"
#include "x509/digest.h"

namespace imprint::control_api {

namespace {

/// The most pages of the store that one call reads.
constexpr int kMaxStorePages = 20;

/// Binds a token to its query: the place in the token has no meaning in another query.
std::string mark_of(const search::Query& query) {
  constexpr std::size_t kMarkBytes = 8;
  const Sha256 digest = x509::sha256(as_bytes(query.canonical()));
  return encoding::to_hex(BytesView(digest).first(kMarkBytes)) + ":";
}

std::size_t count_things(const std::vector<registry::Record>& records) {
  return static_cast<std::size_t>(std::ranges::count_if(records, [](const registry::Record& r) {
    return std::holds_alternative<registry::Thing>(r);
  }));
}

}  // namespace

Unexpected refuse_index(std::string_view name) {
  return refuse(Exception::not_found,
                fmt::format("Index {} does not exist; {} does", quote(name), kThingIndex));
}

Result<void> check_index_members(const Call& call) {
  const std::string version = call.in.text("queryVersion");
  if (!version.empty() && version != kQueryVersion)
    return refuse_value("queryVersion", version, fmt::format("Member must be {}", kQueryVersion));
  const std::string index = call.in.text("indexName");
  if (!index.empty() && index != kThingIndex) return refuse_index(index);
  return {};
}

runtime::Task<Result<bool>> is_indexing(registry::Store& store) {
  using registry::IndexingConfiguration;
  CO_TRY_ASSIGN(const std::optional<IndexingConfiguration> found,
                co_await registry::find(store, registry::indexing_configuration_key()));
  co_return !found || found->things;
}

runtime::Task<Result<FoundThings>> find_things(Call call, registry::Store& store,
                                               search::Query query, std::size_t limit) {
  CO_TRY_ASSIGN(registry::Cursor cursor, cursor_of(call, kTokenStyle));
  cursor.limit = limit;
  const std::string mark = mark_of(query);
  if (!cursor.after.empty() && !cursor.after.starts_with(mark)) {
    co_return refuse_value("nextToken", call.in.text("nextToken"),
                           "Member must come from a search with the same queryString");
  }
  cursor.after.erase(0, mark.size());
  FoundThings out;
  for (int pages = 0; pages < kMaxStorePages; ++pages) {
    CO_TRY_ASSIGN(registry::Page page,
                  co_await store.list(registry::query::SearchThings{query}, cursor));
    cursor.limit -= count_things(page.records);
    std::ranges::move(page.records, std::back_inserter(out.records));
    out.next = page.next;
    if (!out.next || cursor.limit == 0) break;
    cursor.after = *out.next;
  }
  if (out.next) out.next = mark + *out.next;
  co_return out;
}

}  // namespace imprint::control_api
