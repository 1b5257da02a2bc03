// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/device_jobs.h"

namespace imprint::jobs {

/// What a thing is notified of: its pending executions, and the one that is next if another was
/// before (AWS IoT Jobs, JobExecutionsChanged and NextJobExecutionChanged).
struct Notice {
  ThingName thing;
  PendingJobs pending;
  bool has_new_next = false;
  std::optional<ExecutionWithDocument> next = {};
};

/// One of the executions of a thing: its job and its number.
using ExecutionId = std::pair<JobId, std::int64_t>;

/// Finds the things whose pending executions have changed. changed() is for any thread; everything
/// else is used on one.
class JobNotices {
 public:
  explicit JobNotices(DeviceJobs& jobs) : jobs_(jobs) {}

  /// Call from the store's listener.
  void changed(const registry::ChangeSet& changes);

  /// Notices of changes since the last call, of at most `most` things; later calls give the others.
  registry::Task<Result<std::vector<Notice>>> take(std::size_t most);

 private:
  /// Executions whose place in the pending list has changed since the thing was last notified, with
  /// the place that each had then; nothing if it had none.
  using Moved = std::map<ExecutionId, std::optional<std::string>>;
  using Changes = std::map<ThingName, Moved>;

  registry::Task<Result<std::optional<Notice>>> notice_of(ThingName thing, Moved moved);
  Changes take_changes(std::size_t most);
  void put_back(Changes changes);

  DeviceJobs& jobs_;
  std::mutex mutex_;
  Changes changes_;
};

}  // namespace imprint::jobs
