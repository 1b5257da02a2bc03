// SPDX-License-Identifier: Apache-2.0
#include "device_api/job_payloads.h"

#include <algorithm>
#include <charconv>

#include "outcome/causes.h"

namespace imprint::device_api {

namespace {

namespace json = encoding::json;
using jobs::JobExecution;

// AWS IoT Jobs, DetailsMap.
constexpr std::size_t kMostDetails = 10;
constexpr std::size_t kLongestDetailKey = 128;
constexpr std::size_t kLongestDetail = 1'024;
constexpr std::size_t kLongestToken = 64 * 1'024;

Unexpected wrong_type(std::string_view member, const json::value& value,
                      std::string_view expected) {
  return fail_at(Fault::invalid, std::string(member), "is {} where {} is expected",
                 encoding::type_name(value), expected);
}

const json::value* find(const json::object& members, std::string_view name) {
  const json::value* value = members.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

/// A whole number; embedded libraries send it in quotes.
Result<std::optional<std::int64_t>> read_number(const json::object& members,
                                                std::string_view name) {
  const json::value* value = find(members, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_string()) {
    const std::string_view text = value->get_string();
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc() && end == text.data() + text.size() && !text.empty()) return number;
  }
  return wrong_type(name, *value, "a whole number");
}

Result<bool> read_flag(const json::object& members, std::string_view name, bool otherwise) {
  const json::value* value = find(members, name);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) return wrong_type(name, *value, "true or false");
  return value->get_bool();
}

Result<void> check_detail(std::string_view key, std::string_view text) {
  const std::string where = fmt::format("statusDetails.{}", quote(key));
  const bool is_name = std::ranges::all_of(
      key, [](char c) { return name_rules::is_alnum(c) || c == ':' || c == '_' || c == '-'; });
  if (key.empty() || key.size() > kLongestDetailKey || !is_name) {
    return fail_at(Fault::invalid, where, "a key has 1 to {} letters, digits, : _ -",
                   kLongestDetailKey);
  }
  const bool has_control = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
  if (text.empty() || text.size() > kLongestDetail || has_control) {
    return fail_at(Fault::invalid, where, "a value has 1 to {} bytes and no control characters",
                   kLongestDetail);
  }
  return {};
}

Result<std::optional<registry::Attributes>> read_details(const json::object& members) {
  constexpr std::string_view kName = "statusDetails";
  const json::value* value = find(members, kName);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return wrong_type(kName, *value, "an object of strings");
  const json::object& pairs = value->get_object();
  if (pairs.size() > kMostDetails) {
    return fail_at(Fault::invalid, std::string(kName), "has {} members; at most {} are allowed",
                   pairs.size(), kMostDetails);
  }
  registry::Attributes out;
  for (const auto& [key, text] : pairs) {
    if (!text.is_string())
      return wrong_type(fmt::format("{}.{}", kName, quote(key)), text, "a string");
    TRY(check_detail(key, text.get_string()));
    out.emplace(key, text.get_string());
  }
  return out;
}

Result<std::optional<registry::JobExecutionStatus>> read_status(const json::object& members) {
  constexpr std::string_view kName = "status";
  const json::value* value = find(members, kName);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return wrong_type(kName, *value, "a string");
  using Status = registry::JobExecutionStatus;
  for (const Status status :
       {Status::in_progress, Status::succeeded, Status::failed, Status::rejected}) {
    if (to_string(status) == std::string_view(value->get_string())) return status;
  }
  return fail_at(Fault::invalid, std::string(kName),
                 "{} is none of the statuses that a device sets: IN_PROGRESS, SUCCEEDED, FAILED, "
                 "REJECTED",
                 quote(value->get_string()));
}

std::int64_t seconds(Timestamp time) { return to_milliseconds(time) / 1'000; }

json::array write_summaries(const std::vector<JobExecution>& executions, std::size_t most) {
  json::array out;
  for (const JobExecution& execution : executions) {
    if (out.size() == most) break;
    out.push_back(write_summary(execution));
  }
  return out;
}

}  // namespace

Result<void> read_job_request(const json::object& members, JobRequest& out) {
  if (const json::value* token = find(members, "clientToken")) {
    if (!token->is_string()) return wrong_type("clientToken", *token, "a string");
    if (token->get_string().size() > kLongestToken)
      return fail_at(Fault::invalid, "clientToken", "is longer than {} bytes", kLongestToken);
    out.client_token = token->get_string();
  }
  TRY_ASSIGN(out.execution_number, read_number(members, "executionNumber"));
  TRY_ASSIGN(out.step_timeout_minutes, read_number(members, "stepTimeoutInMinutes"));
  TRY_ASSIGN(out.expected_version, read_number(members, "expectedVersion"));
  TRY_ASSIGN(out.details, read_details(members));
  TRY_ASSIGN(out.status, read_status(members));
  TRY_ASSIGN(out.include_document, read_flag(members, "includeJobDocument", out.include_document));
  TRY_ASSIGN(out.include_state, read_flag(members, "includeJobExecutionState", false));
  return {};
}

json::object write_summary(const JobExecution& execution) {
  json::object out{{"jobId", execution.job.str()},
                   {"queuedAt", seconds(execution.queued)},
                   {"lastUpdatedAt", seconds(execution.modified)},
                   {"executionNumber", execution.number},
                   {"versionNumber", execution.version}};
  if (execution.started) out["startedAt"] = seconds(*execution.started);
  return out;
}

json::object write_execution(const JobExecution& execution, Timestamp now) {
  json::object out = write_summary(execution);
  out["thingName"] = execution.thing.str();
  out["status"] = to_string(execution.status);
  if (!execution.details.empty()) {
    json::object details;
    for (const auto& [key, text] : execution.details) details.emplace(key, text);
    out["statusDetails"] = std::move(details);
  }
  if (const auto until = registry::times_out_at(execution)) {
    out["approximateSecondsBeforeTimedOut"] =
        std::max<std::int64_t>(seconds(*until) - seconds(now), 0);
  }
  return out;
}

json::value write_document(const std::string& document, DocumentForm form) {
  if (form == DocumentForm::text) return json::value(document);
  auto parsed = encoding::parse_json(document);
  return parsed ? std::move(*parsed) : json::value(document);
}

json::object write_state(const JobExecution& execution) {
  json::object details;
  for (const auto& [key, text] : execution.details) details.emplace(key, text);
  return {{"status", to_string(execution.status)},
          {"statusDetails", std::move(details)},
          {"versionNumber", execution.version}};
}

json::object write_pending(const jobs::PendingJobs& pending) {
  return {{"inProgressJobs", write_summaries(pending.in_progress, pending.in_progress.size())},
          {"queuedJobs", write_summaries(pending.queued, pending.queued.size())}};
}

json::object write_notification(const jobs::PendingJobs& pending, Timestamp now) {
  json::object lists;
  const json::array in_progress = write_summaries(pending.in_progress, kMostNotified);
  const json::array queued = write_summaries(pending.queued, kMostNotified - in_progress.size());
  if (!in_progress.empty()) lists["IN_PROGRESS"] = in_progress;
  if (!queued.empty()) lists["QUEUED"] = queued;
  return {{"timestamp", seconds(now)}, {"jobs", std::move(lists)}};
}

json::object write_next_notification(const std::optional<jobs::ExecutionWithDocument>& next,
                                     Timestamp now) {
  json::object out{{"timestamp", seconds(now)}};
  if (!next) return out;
  json::object execution = write_execution(next->execution, now);
  execution["jobDocument"] = write_document(next->document, DocumentForm::object);
  out["execution"] = std::move(execution);
  return out;
}

std::string_view job_error_code(const Error& error) {
  if (error.cause == "VersionMismatch"_cause || error.cause == "InvalidStateTransition"_cause)
    return error.cause->wire_code;
  switch (error.fault) {
    case Fault::invalid:
      return "InvalidRequest";
    case Fault::not_found:
      return "ResourceNotFound";
    case Fault::exhausted:
      return "RequestThrottled";
    default:
      return "InternalError";
  }
}

}  // namespace imprint::device_api
