// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "audit/archive_writer.h"
#include "base/clock.h"
#include "registry/store.h"
#include "runtime/thread_executor.h"
#include "telemetry/log.h"

namespace imprint::audit {

/// Copies a store's audit trail into the files of an archive, on a thread of its own: every chained
/// event once, in order, shortly after its commit. After a crash, incomplete lines are rewritten
/// from the store; therefore retention deletes no event after through().
class Archive {
 public:
  Archive(registry::Store& store, ArchiveOptions options, const Clock& clock, telemetry::Log& log);
  ~Archive() { stop(); }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  void start();
  /// Call when there are new events. Any thread.
  void wake();
  /// Archives all committed events, then stops the thread.
  void stop();

  /// Every event up to this sequence is durably archived or older than the chain. Any thread.
  [[nodiscard]] std::int64_t through() const { return through_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return options_.folder; }
  /// The reason why archiving currently fails; empty while it works. Any thread.
  [[nodiscard]] std::string problem() const;

 private:
  void work();
  [[nodiscard]] bool wait(Milliseconds most);
  Result<void> catch_up();
  Result<void> recover();
  Result<void> begin(const registry::AuditTrail& trail);
  Result<bool> write_some();
  void report(const Error& error);

  registry::Store& store_;
  const ArchiveOptions options_;
  const Clock& clock_;
  telemetry::Log& log_;
  ArchiveDisk disk_;
  ArchiveWriter writer_{options_, disk_};
  bool is_recovered_ = false;
  std::string damaged_;  ///< the damaged file that was last reported
  Timestamp pruned_ = {};

  std::atomic<std::int64_t> through_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  std::string problem_;
  Monotonic reported_ = {};
  runtime::ThreadExecutor own_;
  std::thread thread_;
};

}  // namespace imprint::audit
