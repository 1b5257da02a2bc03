// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/name.h"
#include "base/result.h"

/// The topics of the AWS IoT Jobs MQTT API:
///   $aws/things/{thingName}/jobs/get
///   $aws/things/{thingName}/jobs/start-next
///   $aws/things/{thingName}/jobs/{jobId}/get       {jobId} may be $next
///   $aws/things/{thingName}/jobs/{jobId}/update
/// each with /accepted and /rejected for the answers, and the notifications
///   $aws/things/{thingName}/jobs/notify
///   $aws/things/{thingName}/jobs/notify-next
namespace imprint::device_api {

enum class JobOperation { get_pending, start_next, describe, update };

/// As AWS names it: "StartNextPendingJobExecution".
std::string_view to_string(JobOperation operation);

/// The topic of a request.
struct JobTopic {
  JobOperation operation;
  ThingName thing;
  std::optional<JobId> job = {};  ///< for describe and update; describe without a job: $next

  [[nodiscard]] std::string accepted() const;
  [[nodiscard]] std::string rejected() const;
};

/// Whether a topic or filter lies below $aws/things/{thingName}/jobs.
bool is_job_topic(std::string_view topic);

/// Fault::invalid for a topic below $aws/things/{thingName}/jobs that is not a request topic;
/// nullopt for all other topics.
std::optional<Result<JobTopic>> parse_job_topic(std::string_view topic);

std::string notify_topic(const ThingName& thing);
std::string notify_next_topic(const ThingName& thing);

}  // namespace imprint::device_api
