// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control_api/words.h"
#include "registry/store.h"

/// How operations read the registry, commit their change and write a list.
namespace imprint::control_api {

/// The record, or ResourceNotFoundException with this message. `exception` is for operations whose
/// model declares another one.
template <class T>
runtime::Task<Result<T>> find_or_refuse(registry::Store& store, registry::KeyOf<T> key,
                                        std::string message,
                                        Exception exception = Exception::not_found) {
  CO_TRY_ASSIGN(std::optional<T> found, co_await registry::find(store, std::move(key)));
  if (found) co_return std::move(*found);
  co_return refuse(exception, std::move(message));
}

/// The records as the elements of a list. `write` takes a record, or the call and a record; where
/// it returns no value, the record is left out.
template <class T, class Write>
json::array write_all(const Call& call, const std::vector<registry::Record>& records, Write write) {
  json::array out;
  for (const registry::Record& any : records) {
    const T& record = std::get<T>(any);
    std::optional<json::value> element;
    if constexpr (std::invocable<Write, const Call&, const T&>)
      element = write(call, record);
    else
      element = write(record);
    if (element) out.push_back(*std::move(element));
  }
  return out;
}

/// The answer of a list operation: one page of what `query` finds, under `member`. The page holds
/// fewer records than asked for when `write` leaves some out.
template <class T, class Write>
Answer list_page(Call call, registry::Store& store, registry::Query query, PageStyle style,
                 std::string_view member, Write write) {
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, style));
  CO_TRY_ASSIGN(const registry::Page page, co_await store.list(std::move(query), cursor));
  json::object answer{{member, write_all<T>(call, page.records, write)}};
  put_next(answer, call, style, page.next);
  co_return answer;
}

/// After a deletion: removes what was attached to the record between the check that nothing is and
/// the commit, so that a name that is used again starts clean. Nothing new can attach once the
/// record is gone; `gone` must still be absent. Events like `event` record what is removed.
runtime::Task<Result<void>> erase_strays(registry::Store& store, registry::Query query,
                                         registry::Key gone, registry::AuditEvent event,
                                         std::size_t at_once = 250);

/// Commits the changes of an operation. Adds the states of the records before and after them to the
/// detail of its event (record_changes.h); these are exact, because a concurrent change would fail
/// an expectation. Without an event, this is a plain commit.
runtime::Task<Result<void>> commit(registry::Store& store, registry::ChangeSet changes);

/// A change set of this call with its one audit event.
registry::ChangeSet change_set(registry::AuditEvent event);

}  // namespace imprint::control_api
