// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/execution.h"

namespace imprint::jobs {

/// Who asks for a thing's jobs: whom the audit trail names.
struct Asker {
  std::string certificate;
  std::string client;
  std::string correlation;
};

/// What a thing has to do, in the order of its turn.
struct PendingJobs {
  std::vector<JobExecution> in_progress;
  std::vector<JobExecution> queued;
};

/// An execution with the document of its job, as the device is to read it.
struct ExecutionWithDocument {
  JobExecution execution;
  std::string document;  ///< JSON
};

/// The operations of the AWS IoT Jobs device API, whatever the transport. A thing that does not
/// exist is Fault::not_found.
class DeviceJobs {
 public:
  DeviceJobs(registry::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// GetPendingJobExecutions: at most kMostPending.
  registry::Task<Result<PendingJobs>> pending(ThingName thing);

  /// StartNextPendingJobExecution: the execution whose turn it is, IN_PROGRESS from now on; one
  /// that is IN_PROGRESS already stays as it is. Nothing when no execution is pending.
  registry::Task<Result<std::optional<ExecutionWithDocument>>> start_next(
      Asker asker, ThingName thing, std::optional<registry::Attributes> details,
      std::optional<std::int64_t> step_timeout_minutes);

  /// DescribeJobExecution of the job named, or of $next; of the latest attempt unless `number` says
  /// which. Nothing when no execution is next.
  registry::Task<Result<std::optional<ExecutionWithDocument>>> describe(
      ThingName thing, std::optional<JobId> job, std::optional<std::int64_t> number);

  /// UpdateJobExecution.
  registry::Task<Result<ExecutionWithDocument>> update(Asker asker, ThingName thing, JobId job,
                                                       std::optional<std::int64_t> number,
                                                       ExecutionUpdate update);

  static constexpr std::size_t kMostPending = 250;

 private:
  registry::Task<Result<std::vector<JobExecution>>> list_pending(ThingName thing, std::size_t most);
  registry::Task<Result<std::optional<ExecutionWithDocument>>> start_once(Asker asker,
                                                                          ThingName thing,
                                                                          ExecutionUpdate update);
  /// All of a thing at a job, or the one of that number; never empty.
  registry::Task<Result<std::vector<JobExecution>>> attempts(ThingName thing, JobId job,
                                                             std::optional<std::int64_t> number);
  registry::Task<Result<ExecutionWithDocument>> update_once(Asker asker, ThingName thing, JobId job,
                                                            std::optional<std::int64_t> number,
                                                            ExecutionUpdate update);
  registry::Task<Result<void>> commit(Asker asker, JobExecution before, JobExecution after,
                                      std::optional<JobExecution> next);

  registry::Store& store_;
  const Clock& clock_;
};

}  // namespace imprint::jobs
