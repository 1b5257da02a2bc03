// SPDX-License-Identifier: Apache-2.0
#include "device_api/jobs_api.h"

#include "outcome/causes.h"

namespace imprint::device_api {

namespace {

namespace json = encoding::json;
using jobs::ExecutionWithDocument;

Bytes to_bytes(const json::object& object) {
  const std::string text = encoding::to_json(object);
  return {text.begin(), text.end()};
}

Result<json::object> read_members(const Bytes& payload) {
  if (payload.empty()) return json::object();
  TRY_ASSIGN(json::value value, encoding::parse_json(as_text(payload)));
  if (!value.is_object()) {
    return fail(Fault::invalid, "the payload is {} where an object is expected",
                encoding::type_name(value));
  }
  return std::move(value.get_object());
}

json::object write_one(const std::optional<ExecutionWithDocument>& found, bool with_document,
                       Timestamp now) {
  json::object out;
  if (!found) return out;
  json::object execution = write_execution(found->execution, now);
  if (with_document)
    execution["jobDocument"] = write_document(found->document, DocumentForm::object);
  out["execution"] = std::move(execution);
  return out;
}

}  // namespace

runtime::Task<JobAnswer> JobsApi::run(jobs::Caller caller, JobTopic topic, Bytes payload) {
  JobRequest request{.include_document = topic.operation == JobOperation::describe};
  const auto members = read_members(payload);
  if (!members) co_return rejected(topic, request, members.error(), "InvalidJson", {});
  if (const auto read = read_job_request(*members, request); !read)
    co_return rejected(topic, request, read.error(), job_error_code(read.error()), {});
  auto answer = co_await carry_out(std::move(caller), topic, request);
  if (!answer) {
    const std::string_view code = job_error_code(answer.error());
    co_return rejected(topic, request, answer.error(), code, co_await state_of(topic, request));
  }
  (*answer)["timestamp"] = timestamp();
  if (!request.client_token.empty()) (*answer)["clientToken"] = request.client_token;
  co_return JobAnswer{topic.accepted(), to_bytes(*answer)};
}

runtime::Task<Result<json::object>> JobsApi::carry_out(jobs::Caller caller, JobTopic topic,
                                                       JobRequest request) {
  switch (topic.operation) {
    case JobOperation::get_pending: {
      CO_TRY_ASSIGN(const jobs::PendingJobs pending, co_await jobs_.pending(topic.thing));
      co_return write_pending(pending);
    }
    case JobOperation::start_next: {
      CO_TRY_ASSIGN(const std::optional<ExecutionWithDocument> started,
                    co_await jobs_.start_next(std::move(caller), topic.thing, request.details,
                                              request.step_timeout_minutes));
      co_return write_one(started, true, clock_.now());
    }
    case JobOperation::describe: {
      CO_TRY_ASSIGN(const std::optional<ExecutionWithDocument> found,
                    co_await jobs_.describe(topic.thing, topic.job, request.execution_number));
      co_return write_one(found, request.include_document, clock_.now());
    }
    case JobOperation::update:
      break;
  }
  co_return co_await update(std::move(caller), std::move(topic), std::move(request));
}

runtime::Task<Result<json::object>> JobsApi::update(jobs::Caller caller, JobTopic topic,
                                                    JobRequest request) {
  if (!request.status) {
    co_return fail_at(Fault::invalid, "status",
                      "is missing; send IN_PROGRESS, SUCCEEDED, FAILED or REJECTED");
  }
  CO_TRY_ASSIGN(
      const ExecutionWithDocument updated,
      co_await jobs_.update(std::move(caller), topic.thing, *topic.job, request.execution_number,
                            {.status = *request.status,
                             .details = request.details,
                             .expected_version = request.expected_version,
                             .step_timeout_minutes = request.step_timeout_minutes}));
  json::object out;
  if (request.include_state) out["executionState"] = write_state(updated.execution);
  if (request.include_document)
    out["jobDocument"] = write_document(updated.document, DocumentForm::object);
  co_return out;
}

/// The execution's state, with which a device continues after VersionMismatch or
/// InvalidStateTransition.
runtime::Task<std::optional<json::object>> JobsApi::state_of(JobTopic topic, JobRequest request) {
  if (topic.operation != JobOperation::update || !topic.job) co_return std::nullopt;
  const auto found = co_await jobs_.describe(topic.thing, topic.job, request.execution_number);
  if (!found || !*found) co_return std::nullopt;
  co_return write_state((*found)->execution);
}

JobAnswer JobsApi::rejected(const JobTopic& topic, const JobRequest& request, Error error,
                            std::string_view code, std::optional<json::object> state) const {
  const bool is_internal = error.fault == Fault::internal || error.fault == Fault::unavailable;
  json::object out{{"code", code},
                   {"message", is_internal ? "the server cannot answer now; send the request again"
                                           : describe(error)},
                   {"timestamp", timestamp()}};
  if (!request.client_token.empty()) out["clientToken"] = request.client_token;
  if (state && (code == "VersionMismatch" || code == "InvalidStateTransition"))
    out["executionState"] = std::move(*state);
  return {topic.rejected(), to_bytes(out), std::move(error)};
}

JobAnswer JobsApi::throttled(const JobTopic& topic) const {
  Error error{Fault::exhausted, "this connection has too many requests waiting for an answer"};
  return rejected(topic, {}, error, job_error_code(error), {});
}

}  // namespace imprint::device_api
