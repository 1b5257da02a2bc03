// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "control_api/words.h"
#include "registry/store.h"

/// What the operations ask of the store again and again.
namespace imprint::control_api {

/// The record, or nothing.
template <class T>
runtime::Task<Result<std::optional<T>>> find_record(registry::Store& store, registry::Key key) {
  std::vector<registry::Key> keys;
  keys.push_back(std::move(key));
  auto found = co_await store.find(std::move(keys));
  if (!found) co_return tl::unexpected(std::move(found).error());
  if (!found->front()) co_return std::optional<T>();
  co_return std::optional<T>(std::get<T>(std::move(*found->front())));
}

/// Up to `most` records of a list: enough to count or to find out whether there are any.
template <class T>
runtime::Task<Result<std::vector<T>>> list_some(registry::Store& store, registry::Query query,
                                                std::size_t most) {
  auto page = co_await store.list(std::move(query), {{}, most});
  if (!page) co_return tl::unexpected(std::move(page).error());
  std::vector<T> out;
  for (registry::Record& record : page->records) out.push_back(std::get<T>(std::move(record)));
  co_return out;
}

/// The answer of a list operation: `write` turns each record into an element of `member`.
template <class T>
json::array write_all(const std::vector<registry::Record>& records, auto write) {
  json::array out;
  for (const registry::Record& record : records) out.emplace_back(write(std::get<T>(record)));
  return out;
}

/// Somebody may attach to a record between a deletion's look and its commit. Nothing new can attach
/// once the record is gone, so what is found then is removed, and a name that is used again starts
/// clean. `gone` must still be absent. What is removed goes on record in events like `event`.
runtime::Task<Result<void>> erase_strays(registry::Store& store, registry::Query query,
                                         registry::Key gone, registry::AuditEvent event,
                                         std::size_t at_once = 250);

/// Commits what an operation changes. Its event's detail gains what the records were before and are
/// after (record_changes.h): an expectation that fails when somebody was faster also keeps this
/// true. Without an event it is a plain commit.
runtime::Task<Result<void>> commit(registry::Store& store, registry::ChangeSet changes);

/// A change set of this call with its one audit event.
registry::ChangeSet change_set(registry::AuditEvent event);
void put(registry::ChangeSet& changes, registry::Record record, registry::Expect expect);
void erase(registry::ChangeSet& changes, registry::Key key,
           registry::Expect expect = registry::Expect::anything());
void require(registry::ChangeSet& changes, registry::Key key,
             registry::Expect expect = registry::Expect::present());

}  // namespace imprint::control_api
