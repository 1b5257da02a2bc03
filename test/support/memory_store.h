// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "registry/store.h"

namespace imprint::test {

/// Keeps everything in maps; for tests, and as a plain reference for what a Store must do. Any
/// thread.
class MemoryStore final : public registry::Store {
 public:
  registry::Task<Result<std::vector<std::optional<registry::Record>>>> find(
      std::vector<registry::Key> keys) override;
  registry::Task<Result<registry::Page>> list(registry::Query query,
                                              registry::Cursor cursor) override;
  registry::Task<Result<void>> commit(registry::ChangeSet changes) override;
  void watch(Listener listener) override;

 private:
  [[nodiscard]] Result<registry::Page> list_now(const registry::Query& query,
                                                const registry::Cursor& cursor) const;
  [[nodiscard]] Result<registry::Page> search_now(const search::Query& search,
                                                  const registry::Cursor& cursor) const;
  [[nodiscard]] Result<void> check(const registry::Change& change) const;
  [[nodiscard]] Result<void> commit_now(registry::ChangeSet& changes);
  void apply(const registry::Change& change);
  void forget(const registry::Forget& oldest);

  mutable std::mutex mutex_;
  registry::AuditTrail trail_;
  std::map<registry::Key, registry::Record> records_{{registry::audit_trail_key(), trail_}};
  std::vector<Listener> listeners_;
};

}  // namespace imprint::test
