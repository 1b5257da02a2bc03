// SPDX-License-Identifier: Apache-2.0
#include "registry/job_records.h"

#include <algorithm>
#include <array>
#include <utility>

namespace imprint::registry {

namespace {

constexpr std::array<std::string_view, 5> kJobStatuses = {"SCHEDULED", "IN_PROGRESS", "COMPLETED",
                                                          "CANCELED", "DELETION_IN_PROGRESS"};
constexpr std::array<std::string_view, kJobExecutionStatuses> kExecutionStatuses = {
    "QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED"};
constexpr std::array<std::string_view, 4> kFailures = {"FAILED", "REJECTED", "TIMED_OUT", "ALL"};
constexpr std::array<std::string_view, 3> kEndBehaviors = {"STOP_ROLLOUT", "CANCEL",
                                                           "FORCE_CANCEL"};

constexpr std::string_view kThing = "thing/";
constexpr std::string_view kThingGroup = "thinggroup/";

}  // namespace

std::string_view to_string(JobStatus status) {
  return kJobStatuses[static_cast<std::size_t>(status)];
}

std::string_view to_string(JobExecutionStatus status) {
  return kExecutionStatuses[static_cast<std::size_t>(status)];
}

Result<JobExecutionStatus> parse_job_execution_status(std::string_view text) {
  const auto* found = std::ranges::find(kExecutionStatuses, text);
  if (found != kExecutionStatuses.end())
    return static_cast<JobExecutionStatus>(found - kExecutionStatuses.begin());
  return fail(Fault::invalid,
              "{} is not the status of a job execution; use one of QUEUED, IN_PROGRESS, SUCCEEDED, "
              "FAILED, TIMED_OUT, REJECTED, REMOVED, CANCELED",
              quote(text));
}

std::string_view to_string(TargetSelection selection) {
  return selection == TargetSelection::continuous ? "CONTINUOUS" : "SNAPSHOT";
}

std::string to_string(const JobTarget& target) {
  if (const auto* thing = std::get_if<ThingName>(&target))
    return std::string(kThing) + thing->str();
  return std::string(kThingGroup) + std::get<ThingGroupName>(target).str();
}

Result<JobTarget> parse_job_target(std::string_view text) {
  if (text.starts_with(kThing)) {
    TRY_ASSIGN(ThingName thing, ThingName::parse(text.substr(kThing.size())));
    return thing;
  }
  if (text.starts_with(kThingGroup)) {
    TRY_ASSIGN(ThingGroupName group, ThingGroupName::parse(text.substr(kThingGroup.size())));
    return group;
  }
  return fail(Fault::invalid, "{} is neither a thing nor a thing group", quote(text));
}

std::string_view to_string(JobFailure failure) {
  return kFailures[static_cast<std::size_t>(failure)];
}

std::string_view to_string(JobEndBehavior behavior) {
  return kEndBehaviors[static_cast<std::size_t>(behavior)];
}

std::optional<Timestamp> times_out_at(const JobExecution& execution) {
  if (execution.status != JobExecutionStatus::in_progress) return std::nullopt;
  if (!execution.step_until) return execution.in_progress_until;
  return std::min(*execution.step_until, execution.in_progress_until.value_or(Timestamp::max()));
}

}  // namespace imprint::registry
