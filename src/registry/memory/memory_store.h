// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "registry/store.h"

namespace imprint::registry {

/// Keeps everything in maps; for tests, and the plain statement of what a Store means. Any thread.
class MemoryStore final : public Store {
 public:
  Task<Result<std::vector<std::optional<Record>>>> find(std::vector<Key> keys) override;
  Task<Result<Page>> list(Query query, Cursor cursor) override;
  Task<Result<void>> commit(ChangeSet changes) override;
  void watch(Listener listener) override;

 private:
  [[nodiscard]] Result<Page> list_now(const Query& query, const Cursor& cursor) const;
  [[nodiscard]] Result<Page> search_now(const search::Query& search, const Cursor& cursor) const;
  [[nodiscard]] Result<void> check(const Change& change) const;
  [[nodiscard]] Result<void> commit_now(ChangeSet& changes);
  void apply(const Change& change);
  void forget(const Forget& oldest);

  mutable std::mutex mutex_;
  AuditTrail trail_;
  std::map<Key, Record> records_{{audit_trail_key(), trail_}};
  std::vector<Listener> listeners_;
};

}  // namespace imprint::registry
