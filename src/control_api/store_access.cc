// SPDX-License-Identifier: Apache-2.0
#include "control_api/store_access.h"

#include "control_api/record_changes.h"

namespace imprint::control_api {

runtime::Task<Result<void>> erase_strays(registry::Store& store, registry::Query query,
                                         registry::Key gone, registry::AuditEvent event,
                                         std::size_t at_once) {
  event.detail = encoding::to_json(json::object{
      {"because", fmt::format("the {} {} is gone", registry::kind_name(gone.kind), gone.first)}});
  while (true) {
    auto page = co_await store.list(query, {{}, at_once});
    if (!page) co_return tl::unexpected(std::move(page).error());
    if (page->records.empty()) co_return Result<void>();
    registry::ChangeSet changes = change_set(event);
    changes.add(registry::Require{gone, registry::Expect::absent()});
    for (const registry::Record& record : page->records)
      changes.add(registry::Erase{registry::key_of(record)});
    const auto done = co_await commit(store, std::move(changes));
    // The name is in use again, and what is attached to it may be meant.
    if (!done && done.error().fault == Fault::conflict) co_return Result<void>();
    if (!done) co_return done;
  }
}

runtime::Task<Result<void>> commit(registry::Store& store, registry::ChangeSet changes) {
  std::vector<registry::Key> keys = audited_keys(changes);
  if (changes.events.empty() || keys.empty()) co_return co_await store.commit(std::move(changes));
  CO_TRY_ASSIGN(const std::vector<std::optional<registry::Record>> before,
                co_await store.find(std::move(keys)));
  registry::AuditEvent& event = changes.events.front();
  if (auto detail = encoding::parse_json(event.detail); detail && detail->is_object()) {
    add_changes(detail->get_object(), changes, before);
    event.detail = encoding::to_json(*detail);
  }
  co_return co_await store.commit(std::move(changes));
}

registry::ChangeSet change_set(registry::AuditEvent event) {
  registry::ChangeSet changes;
  changes.events.push_back(std::move(event));
  return changes;
}

}  // namespace imprint::control_api
