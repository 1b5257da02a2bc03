// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "audit/archive_writer.h"
#include "base/clock.h"
#include "registry/store.h"
#include "runtime/own_thread.h"
#include "telemetry/log.h"

namespace imprint::audit {

/// Follows the audit trail of a store into the files of an archive, on a thread of its own: every
/// event that the chain holds, once and in order, a moment after it was committed. What a crash
/// interrupts is written again from the store, which is why retention asks through() how far it
/// may forget.
class Archive {
 public:
  Archive(registry::Store& store, ArchiveOptions options, const Clock& clock, telemetry::Log& log);
  ~Archive() { stop(); }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  void start();
  /// There are new events. Any thread.
  void wake();
  /// Writes what is committed and ends.
  void stop();

  /// Everything up to this event is archived and durable, or from before the chain. Any thread.
  [[nodiscard]] std::int64_t through() const { return through_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return options_.folder; }
  /// Why nothing is being archived at the moment; empty when all is well. Any thread.
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
  std::string damaged_;  ///< a file that was told of
  Timestamp pruned_ = {};

  std::atomic<std::int64_t> through_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_woken_ = false;
  bool is_stopping_ = false;
  std::string problem_;
  Monotonic reported_ = {};
  runtime::OwnThread own_;
  std::thread thread_;
};

}  // namespace imprint::audit
