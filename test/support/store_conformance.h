// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "registry/sqlite/sqlite_store.h"
#include "test/support/memory_store.h"
#include "test/support/scratch_folder.h"

namespace imprint::test {

/// Runs the tests of the Store interface on every implementation: INSTANTIATE_TEST_SUITE_P(All,
/// ..., test::kStores, test::store_name).
inline const auto kStores = testing::Values("memory", "sqlite");
inline std::string store_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

class StoreConformance : public testing::TestWithParam<std::string> {
 protected:
  registry::Store& store() { return *store_; }
  Result<void> commit(registry::ChangeSet changes) {
    return runtime::run_blocking(store().commit(std::move(changes)));
  }
  Result<void> put(registry::Record record, registry::Expect expect = {}) {
    registry::ChangeSet changes;
    changes.changes.emplace_back(registry::Put{std::move(record), expect});
    return commit(std::move(changes));
  }
  std::optional<registry::Record> find(const registry::Key& key) {
    auto found = runtime::run_blocking(store().find({key}));
    EXPECT_TRUE(found);
    return found->front();
  }
  std::vector<std::string> names(const registry::Query& query, std::size_t page_size = 250) {
    std::vector<std::string> out;
    registry::Cursor cursor{{}, page_size};
    while (true) {
      auto page = runtime::run_blocking(store().list(query, cursor));
      EXPECT_TRUE(page) << page.error().message;
      EXPECT_LE(page->records.size(), page_size);
      for (const registry::Record& record : page->records) {
        const registry::Key key = key_of(record);
        out.push_back(key.second.empty() ? key.first : key.first + "/" + key.second);
      }
      if (!page->next) return out;
      cursor.after = *page->next;
    }
  }

 private:
  std::unique_ptr<registry::Store> open() {
    if (GetParam() == "memory") return std::make_unique<MemoryStore>();
    return std::move(*registry::SqliteStore::open(folder_ / "imprint.db"));
  }

  ScratchFolder folder_;
  std::unique_ptr<registry::Store> store_ = open();
};

}  // namespace imprint::test
