// SPDX-License-Identifier: Apache-2.0
// The entries of a manufacturing list: imported in batches, read and deleted one by one.
#include <set>

#include "manufacturing/entry.h"
#include "operator_api/list_records.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

using registry::ListEntry;
using registry::ManufacturingList;

namespace {

constexpr std::size_t kMaxBatch = 1000;

struct Batch {
  std::vector<ListEntry> entries;
  std::vector<registry::KeyOf<ListEntry>> keys;
};

Result<Batch> read_batch(const Call& call, const ListName& list) {
  const json::array given = call.in.list("entries");
  if (given.empty() || given.size() > kMaxBatch) {
    return refuse(
        Exception::invalid_request,
        fmt::format("entries has {} elements; send 1 to {} at a time", given.size(), kMaxBatch));
  }
  Batch out;
  std::set<std::string_view> seen;
  out.entries.reserve(given.size());  // `seen` looks into it
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto wrong = [&](const Error& error) {
      return refuse(Exception::invalid_request,
                    fmt::format("entries[{}]{}{}: {}", i, error.where.empty() ? "" : ".",
                                error.where, error.message));
    };
    auto columns = manufacturing::parse_columns(given[i]);
    if (!columns) return wrong(columns.error());
    auto entry = manufacturing::make_entry(list, *columns);
    if (!entry) return wrong(entry.error());
    out.entries.push_back(std::move(*entry));
    const std::string& serial = out.entries.back().serial;
    if (!seen.insert(serial).second) {
      return wrong(Error{Fault::invalid,
                         fmt::format("{} stands in the same request twice", quote(serial)),
                         std::string(manufacturing::kSerial)});
    }
    out.keys.push_back(registry::list_entry_key(list, serial));
  }
  return out;
}

struct Counts {
  std::int64_t added = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
};

/// An entry that has not changed is not written, so that a file can be imported again at no cost.
void put_entry(registry::ChangeSet& changes, ListEntry entry,
               const std::optional<ListEntry>& existing, Timestamp now, Counts& counts) {
  if (existing && manufacturing::columns_of(entry) == manufacturing::columns_of(*existing)) {
    ++counts.unchanged;
    return;
  }
  ++(existing ? counts.changed : counts.added);
  entry.created = existing ? existing->created : now;
  entry.version = existing ? existing->version : 0;
  changes.add(registry::update(std::move(entry), now));
}

Answer import_entries(Call call, registry::Store& store) {
  const auto name = call.in.name<ListName>("listName");
  CO_TRY_ASSIGN(Batch batch, read_batch(call, name));
  CO_TRY(co_await get_list_record(store, name));
  CO_TRY_ASSIGN(const std::vector<std::optional<ListEntry>> found,
                co_await registry::find_all(store, batch.keys));
  registry::ChangeSet changes;
  Counts counts;
  const std::string first = batch.entries.front().serial;
  for (std::size_t i = 0; i < batch.entries.size(); ++i)
    put_entry(changes, std::move(batch.entries[i]), found[i], call.now(), counts);
  json::object answer{
      {"added", counts.added}, {"changed", counts.changed}, {"unchanged", counts.unchanged}};
  if (changes.changes.empty()) co_return answer;
  changes.add(registry::exists(registry::manufacturing_list_key(name)));
  if (counts.added > 0) changes.add(registry::Count{registry::entries_counter(name), counts.added});
  json::object detail{{"list", name.str()}, {"first_serial", first}};
  for (const auto& count : answer) detail[count.key()] = count.value();
  changes.events.push_back(call.event(std::move(detail)));
  // The event of one entry records its members; for a batch the numbers are enough.
  if (batch.entries.size() == 1)
    CO_TRY(co_await commit(store, std::move(changes)));
  else
    CO_TRY(co_await store.commit(std::move(changes)));
  co_return answer;
}

runtime::Task<Result<ListEntry>> get_entry(Call call, registry::Store& store) {
  const auto name = call.in.name<ListName>("listName");
  const std::string serial = call.in.text("serial");
  CO_TRY_ASSIGN(std::optional<ListEntry> found,
                co_await registry::find(store, registry::list_entry_key(name, serial)));
  if (found) co_return std::move(*found);
  CO_TRY(co_await get_list_record(store, name));
  co_return refuse(Exception::not_found, fmt::format("Manufacturing list {} has no serial {}",
                                                     quote(name.str()), quote(serial)));
}

json::object write_entry(const ListEntry& entry) {
  return {{"entry", manufacturing::to_json(manufacturing::columns_of(entry))},
          {"creationDate", epoch_seconds(entry.created)},
          {"lastModifiedDate", epoch_seconds(entry.modified)}};
}

Answer describe_entry(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const ListEntry entry, co_await get_entry(call, store));
  co_return write_entry(entry);
}

Answer delete_entry(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const ListEntry entry, co_await get_entry(call, store));
  registry::ChangeSet changes =
      change_set(call.event({{"list", entry.list.str()}, {"serial", entry.serial}}));
  changes.add(registry::erase(entry));
  changes.add(registry::Count{registry::entries_counter(entry.list), -1});
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer list_entries(Call call, registry::Store& store) {
  const auto name = call.in.name<ListName>("listName");
  CO_TRY(co_await get_list_record(store, name));
  co_return co_await list_page<ListEntry>(
      std::move(call), store, registry::query::EntriesOfList{name}, kTokenStyle, "entries",
      [](const ListEntry& entry) {
        return manufacturing::to_json(manufacturing::columns_of(entry));
      });
}

using enum Exception;

/// In the query, since a serial may contain slashes and dots, which proxies interpret in a path.
constexpr InputInfo kSerial{.name = "serial",
                            .in = Location::query,
                            .required = true,
                            .least = 1,
                            .most = static_cast<std::int64_t>(manufacturing::kMaxSerialBytes)};
constexpr InputInfo kImport[] = {list_name(),
                                 {.name = "entries", .type = Type::list, .required = true}};
constexpr InputInfo kOne[] = {list_name(), kSerial};
constexpr InputInfo kList[] = {list_name(), members::kMaxResults, members::kNextToken};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, conflicting_update,
                               internal_failure};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"ImportListEntries", "POST", "/imprint/v1/lists/{listName}/entries", kImport, kErrors,
     import_entries, "manufacturinglist/{listName}"},
    {"ListListEntries", "GET", "/imprint/v1/lists/{listName}/entries", kList, kErrors, list_entries,
     "manufacturinglist/{listName}"},
    {"DescribeListEntry", "GET", "/imprint/v1/lists/{listName}/entry", kOne, kErrors,
     describe_entry, "manufacturinglist/{listName}"},
    {"DeleteListEntry", "DELETE", "/imprint/v1/lists/{listName}/entry", kOne, kErrors, delete_entry,
     "manufacturinglist/{listName}"},
};

}  // namespace

Operations list_entry_operations(registry::Store& store) { return rest::bind(kOperations, store); }

}  // namespace imprint::operator_api
