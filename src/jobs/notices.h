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

/// The notifications for a thing: its pending executions and, if it has changed, the next of them
/// (AWS IoT Jobs, JobExecutionsChanged and NextJobExecutionChanged).
struct Notice {
  ThingName thing;
  PendingJobs pending;
  bool has_new_next = false;
  std::optional<ExecutionWithDocument> next = {};
};

/// Identifies an execution of a thing: its job and its number.
using ExecutionId = std::pair<JobId, std::int64_t>;

/// Finds the things whose pending executions have changed. changed() may be called on any thread,
/// everything else on one.
class JobNotices {
 public:
  explicit JobNotices(DeviceJobs& jobs) : jobs_(jobs) {}

  /// Call from the store's listener.
  void changed(const registry::ChangeSet& changes);

  /// Notices for at most `most` things that have changed; later calls return the others.
  registry::Task<Result<std::vector<Notice>>> take(std::size_t most);

 private:
  /// Executions whose place in the pending list has changed since the thing was last notified, each
  /// with its place at that time; nullopt if it was not in the list.
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
