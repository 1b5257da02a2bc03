// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/execution.h"

namespace imprint::jobs {

/// The device that sends a request, as the audit trail names it.
struct Caller {
  std::string certificate;
  std::string client;
  std::string correlation;
};

/// The pending executions of a thing, next first in each list.
struct PendingJobs {
  std::vector<JobExecution> in_progress;
  std::vector<JobExecution> queued;
};

/// An execution with the document of its job.
struct ExecutionWithDocument {
  JobExecution execution;
  std::string document;  ///< JSON
};

/// The operations of the AWS IoT Jobs device API, for every transport. Fault::not_found if the
/// thing does not exist.
class DeviceJobs {
 public:
  DeviceJobs(registry::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// GetPendingJobExecutions: at most kMostPending.
  registry::Task<Result<PendingJobs>> pending(ThingName thing);

  /// StartNextPendingJobExecution: returns an execution that is IN_PROGRESS unchanged; otherwise
  /// starts the first one that is QUEUED and whose job is IN_PROGRESS. nullopt if there is neither.
  registry::Task<Result<std::optional<ExecutionWithDocument>>> start_next(
      Caller caller, ThingName thing, std::optional<registry::Attributes> details,
      std::optional<std::int64_t> step_timeout_minutes);

  /// DescribeJobExecution: attempt `number` at the job, or the latest one. Without `job`, the next
  /// pending execution ($next), or nullopt if none is pending.
  registry::Task<Result<std::optional<ExecutionWithDocument>>> describe(
      ThingName thing, std::optional<JobId> job, std::optional<std::int64_t> number);

  /// UpdateJobExecution of attempt `number`, or of the latest one.
  registry::Task<Result<ExecutionWithDocument>> update(Caller caller, ThingName thing, JobId job,
                                                       std::optional<std::int64_t> number,
                                                       ExecutionUpdate update);

  static constexpr std::size_t kMostPending = 250;

 private:
  registry::Task<Result<std::vector<JobExecution>>> list_pending(ThingName thing, std::size_t most);
  registry::Task<Result<std::optional<ExecutionWithDocument>>> start_once(Caller caller,
                                                                          ThingName thing,
                                                                          ExecutionUpdate update);
  /// All attempts of a thing at a job, or the one with that number; Fault::not_found if there is
  /// none.
  registry::Task<Result<std::vector<JobExecution>>> attempts(ThingName thing, JobId job,
                                                             std::optional<std::int64_t> number);
  registry::Task<Result<ExecutionWithDocument>> update_once(Caller caller, ThingName thing,
                                                            JobId job,
                                                            std::optional<std::int64_t> number,
                                                            ExecutionUpdate update);
  registry::Task<Result<void>> commit(Caller caller, JobExecution before, JobExecution after,
                                      Job job);

  registry::Store& store_;
  const Clock& clock_;
};

}  // namespace imprint::jobs
