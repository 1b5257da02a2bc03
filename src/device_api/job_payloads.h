// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "encoding/json.h"
#include "jobs/device_jobs.h"

/// Payloads of the AWS IoT Jobs device API, in JSON. Times are whole seconds since 1970. Over MQTT
/// a job document is an object, over HTTPS a string.
namespace imprint::device_api {

/// The members of all requests; each operation has some of them.
struct JobRequest {
  std::string client_token = {};  ///< echoed in the answer
  std::optional<std::int64_t> execution_number = {};
  std::optional<std::int64_t> step_timeout_minutes = {};
  std::optional<registry::Attributes> details = {};
  std::optional<registry::JobExecutionStatus> status = {};
  std::optional<std::int64_t> expected_version = {};
  bool include_document = false;
  bool include_state = false;
};

/// Reads the members of a request. Sets `client_token` first, so that the answer contains it even
/// if the request is refused.
Result<void> read_job_request(const encoding::json::object& members, JobRequest& out);

enum class DocumentForm { object, text };

encoding::json::object write_summary(const jobs::JobExecution& execution);
encoding::json::object write_execution(const jobs::JobExecution& execution, Timestamp now);
encoding::json::value write_document(const std::string& document, DocumentForm form);
encoding::json::object write_state(const jobs::JobExecution& execution);

/// {inProgressJobs, queuedJobs}.
encoding::json::object write_pending(const jobs::PendingJobs& pending);

/// The payload of jobs/notify: {timestamp, jobs: {IN_PROGRESS, QUEUED}}, at most kMostNotified
/// entries.
encoding::json::object write_notification(const jobs::PendingJobs& pending, Timestamp now);
inline constexpr std::size_t kMostNotified = 10;

/// The payload of jobs/notify-next: {timestamp, execution}.
encoding::json::object write_next_notification(
    const std::optional<jobs::ExecutionWithDocument>& next, Timestamp now);

/// The `code` of a rejected message: "VersionMismatch".
std::string_view job_error_code(const Error& error);

}  // namespace imprint::device_api
