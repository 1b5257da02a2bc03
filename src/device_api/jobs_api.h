// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "device_api/job_payloads.h"
#include "device_api/job_topics.h"

namespace imprint::device_api {

/// The message that answers a request, for the connection that sent it.
struct JobAnswer {
  std::string topic;
  Bytes payload;
  std::optional<Error> error = {};  ///< why it was rejected
};

/// The AWS IoT Jobs MQTT API. One per process; runs on the caller's shard.
class JobsApi {
 public:
  JobsApi(jobs::DeviceJobs& jobs, const Clock& clock) : jobs_(jobs), clock_(clock) {}

  /// Returns exactly one answer for each request.
  runtime::Task<JobAnswer> run(jobs::Caller caller, JobTopic topic, Bytes payload);

  /// The answer to a request that is refused because its connection has too many requests waiting.
  [[nodiscard]] JobAnswer throttled(const JobTopic& topic) const;

 private:
  runtime::Task<Result<encoding::json::object>> carry_out(jobs::Caller caller, JobTopic topic,
                                                          JobRequest request);
  runtime::Task<Result<encoding::json::object>> update(jobs::Caller caller, JobTopic topic,
                                                       JobRequest request);
  runtime::Task<std::optional<encoding::json::object>> state_of(JobTopic topic, JobRequest request);
  [[nodiscard]] JobAnswer rejected(const JobTopic& topic, const JobRequest& request, Error error,
                                   std::string_view code,
                                   std::optional<encoding::json::object> state) const;
  [[nodiscard]] std::int64_t timestamp() const { return to_milliseconds(clock_.now()) / 1'000; }

  jobs::DeviceJobs& jobs_;
  const Clock& clock_;
};

}  // namespace imprint::device_api
