// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/name.h"
#include "base/result.h"

/// AWS IoT Jobs: operations that an operator sends to many things, and each thing's execution of
/// them.
namespace imprint::registry {

/// AWS IoT API, JobStatus.
enum class JobStatus : std::uint8_t {
  scheduled,
  in_progress,
  completed,
  canceled,
  deletion_in_progress,
};

std::string_view to_string(JobStatus status);  ///< as AWS writes it: "IN_PROGRESS"

/// AWS IoT API, JobExecutionStatus. Those after in_progress are terminal.
enum class JobExecutionStatus : std::uint8_t {
  queued,
  in_progress,
  succeeded,
  failed,
  timed_out,
  rejected,
  removed,
  canceled,
};
inline constexpr std::size_t kJobExecutionStatuses = 8;

std::string_view to_string(JobExecutionStatus status);  ///< as AWS writes it: "TIMED_OUT"
Result<JobExecutionStatus> parse_job_execution_status(std::string_view text);

constexpr bool is_terminal(JobExecutionStatus status) {
  return status > JobExecutionStatus::in_progress;
}

/// AWS IoT API, TargetSelection. A continuous job also takes the things that join its groups later.
enum class TargetSelection : std::uint8_t { snapshot, continuous };

std::string_view to_string(TargetSelection selection);  ///< "SNAPSHOT", "CONTINUOUS"

/// A target of a job: one thing, or the members of a thing group.
using JobTarget = std::variant<ThingName, ThingGroupName>;

std::string to_string(const JobTarget& target);  ///< the end of its ARN: "thing/x", "thinggroup/y"
Result<JobTarget> parse_job_target(std::string_view text);

/// AWS IoT API, ExponentialRolloutRate: multiplies the rate by the factor each time another
/// `succeeded_things` have succeeded or, without it, another `notified_things` have been notified.
struct ExponentialRate {
  std::int64_t base_per_minute = 1;
  std::int64_t increment_tenths = 11;  ///< incrementFactor times 10
  std::optional<std::int64_t> notified_things = {};
  std::optional<std::int64_t> succeeded_things = {};

  friend bool operator==(const ExponentialRate&, const ExponentialRate&) = default;
};

/// AWS IoT API, JobExecutionsRolloutConfig.
struct JobRollout {
  std::optional<std::int64_t> maximum_per_minute = {};
  std::optional<ExponentialRate> exponential = {};

  friend bool operator==(const JobRollout&, const JobRollout&) = default;
};

/// AWS IoT API, JobExecutionFailureType and RetryableFailureType.
enum class JobFailure : std::uint8_t { failed, rejected, timed_out, all };

std::string_view to_string(JobFailure failure);  ///< "TIMED_OUT"

/// AWS IoT API, AbortCriteria; the action is always CANCEL.
struct AbortCriterion {
  JobFailure failure = JobFailure::failed;
  std::int64_t threshold_hundredths = 10'000;  ///< thresholdPercentage times 100
  std::int64_t min_executed_things = 1;

  friend bool operator==(const AbortCriterion&, const AbortCriterion&) = default;
};

/// AWS IoT API, RetryCriteria.
struct RetryCriterion {
  JobFailure failure = JobFailure::failed;
  std::int64_t retries = 0;

  friend bool operator==(const RetryCriterion&, const RetryCriterion&) = default;
};

/// AWS IoT API, JobEndBehavior.
enum class JobEndBehavior : std::uint8_t { stop_rollout, cancel, force_cancel };

std::string_view to_string(JobEndBehavior behavior);  ///< "STOP_ROLLOUT"

/// AWS IoT API, SchedulingConfig.
struct JobSchedule {
  std::optional<Timestamp> start = {};
  std::optional<Timestamp> end = {};
  JobEndBehavior end_behavior = JobEndBehavior::stop_rollout;

  friend bool operator==(const JobSchedule&, const JobSchedule&) = default;
};

/// AWS IoT API, PresignedUrlConfig.
struct PresignedUrls {
  std::string role_arn = {};
  std::int64_t expires_seconds = 3'600;

  friend bool operator==(const PresignedUrls&, const PresignedUrls&) = default;
};

/// The part that jobs and job templates have in common: what the job does and how it is rolled out.
struct JobPlan {
  std::string description = {};
  std::string document = {};         ///< JSON
  std::string document_source = {};  ///< the URL that the document was read from
  std::optional<PresignedUrls> presigned_urls = {};
  JobRollout rollout = {};
  std::vector<AbortCriterion> abort_criteria = {};
  std::optional<std::int64_t> timeout_minutes = {};  ///< limit on the time IN_PROGRESS
  std::vector<RetryCriterion> retries = {};

  friend bool operator==(const JobPlan&, const JobPlan&) = default;
};

struct Job {
  JobId id;
  JobPlan plan = {};
  std::vector<JobTarget> targets = {};
  TargetSelection selection = TargetSelection::snapshot;
  std::string template_arn = {};
  JobSchedule schedule = {};
  std::map<std::string, std::string, std::less<>> document_parameters = {};
  JobStatus status = JobStatus::in_progress;
  bool is_force_canceled = false;
  std::string reason_code = {};
  std::string comment = {};
  Timestamp created = {};
  Timestamp modified = {};
  std::optional<Timestamp> completed = {};
  std::int64_t version = 1;

  [[nodiscard]] bool is_active() const {
    return status == JobStatus::in_progress || status == JobStatus::scheduled;
  }
};

/// The progress of a job's roll-out. Stored in one change set with the executions that were
/// created, so that no thing gets a job twice.
struct JobProgress {
  JobId job;
  std::int64_t target = 0;  ///< index in Job::targets of the target being rolled out
  std::string after = {};   ///< cursor in the list of that group's members
  bool is_complete = false;
  std::int64_t version = 1;
};

struct JobTemplate {
  JobId id;
  JobPlan plan = {};
  std::string job_arn = {};  ///< the job from which it was created
  Timestamp created = {};
  std::int64_t version = 1;
};

/// One attempt of a thing at a job.
struct JobExecution {
  ThingName thing;
  JobId job;
  std::int64_t number = 1;  ///< AWS's executionNumber; each retry adds one
  JobExecutionStatus status = JobExecutionStatus::queued;
  std::map<std::string, std::string, std::less<>> details = {};
  bool is_force_canceled = false;
  std::int64_t retry = 0;   ///< AWS's retryAttempt
  bool is_retried = false;  ///< it failed or timed out; the next attempt is counted instead
  Timestamp queued = {};
  std::optional<Timestamp> started = {};
  std::optional<Timestamp> in_progress_until = {};
  std::optional<Timestamp> step_until = {};
  Timestamp modified = {};
  std::int64_t version = 1;  ///< AWS's versionNumber
};

/// When the first of its timers expires; nullopt if none is running.
std::optional<Timestamp> times_out_at(const JobExecution& execution);

}  // namespace imprint::registry
