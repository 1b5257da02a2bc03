// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "registry/store.h"

namespace imprint::registry {

class RecordCache;

/// The change sets that shared one transaction.
struct CommitBatch {
  std::size_t change_sets = 0;
  std::size_t failed = 0;  ///< change sets that could not be written although they were valid
  double seconds = 0;
};

struct SqliteOptions {
  std::size_t max_waiting =
      20'000;  ///< commits, and reads, that may queue before callers are refused
  /// Called after each transaction, for metrics; may be empty.
  std::function<void(const CommitBatch&)> on_batch = {};
};

/// The embedded store: SQLite in WAL mode with synchronous=FULL. One writer thread commits all
/// waiting change sets, up to some megabytes, in one transaction, so many callers share one fsync.
/// One reader thread answers the reads of devices' requests and another the lists of operators, so
/// that reading the trail never delays a device. Callers never touch the disk. Any thread; one
/// process per file (a lock file keeps others out).
class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file,
                                                   SqliteOptions options = {});
  ~SqliteStore() override;

  Task<Result<std::vector<std::optional<Record>>>> find(std::vector<Key> keys) override;
  Task<Result<Page>> list(Query query, Cursor cursor) override;
  Task<Result<void>> commit(ChangeSet changes) override;
  void watch(Listener listener) override;

 private:
  class Writer;
  class Reader;
  struct Lock;

  SqliteStore(std::filesystem::path file, std::unique_ptr<Lock> lock);

  template <std::size_t kSize>
  static Result<std::unique_ptr<Reader>> open_reader(const char (&thread_name)[kSize],
                                                     const std::filesystem::path& file,
                                                     std::string_view settings,
                                                     std::size_t max_waiting);

  std::filesystem::path file_;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<RecordCache> cache_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Reader> lister_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace imprint::registry
