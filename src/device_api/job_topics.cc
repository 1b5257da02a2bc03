// SPDX-License-Identifier: Apache-2.0
#include "device_api/job_topics.h"

#include <array>

namespace imprint::device_api {

namespace {

constexpr std::array<std::string_view, 4> kNames = {"GetPendingJobExecutions",
                                                    "StartNextPendingJobExecution",
                                                    "DescribeJobExecution", "UpdateJobExecution"};

constexpr std::string_view kThings = "$aws/things/";
constexpr std::string_view kJobs = "/jobs";
constexpr std::string_view kNext = "$next";

struct Parts {
  std::string_view thing;
  std::string_view rest;  ///< what follows "/jobs", without its slash
};

std::optional<Parts> split_job_topic(std::string_view topic) {
  if (!topic.starts_with(kThings)) return std::nullopt;
  topic.remove_prefix(kThings.size());
  const auto slash = topic.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view rest = topic.substr(slash);
  if (!rest.starts_with(kJobs)) return std::nullopt;
  rest.remove_prefix(kJobs.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  return Parts{topic.substr(0, slash), rest.empty() ? rest : rest.substr(1)};
}

std::string below(const ThingName& thing, std::string_view rest) {
  return fmt::format("{}{}{}/{}", kThings, thing.str(), kJobs, rest);
}

std::string base_of(const JobTopic& topic) {
  const std::string_view job = topic.job ? std::string_view(topic.job->str()) : kNext;
  switch (topic.operation) {
    case JobOperation::get_pending:
      return below(topic.thing, "get");
    case JobOperation::start_next:
      return below(topic.thing, "start-next");
    case JobOperation::describe:
      return below(topic.thing, fmt::format("{}/get", job));
    case JobOperation::update:
      break;
  }
  return below(topic.thing, fmt::format("{}/update", job));
}

Result<JobTopic> parse_parts(const Parts& parts) {
  TRY_ASSIGN(ThingName thing, ThingName::parse(parts.thing));
  if (parts.rest == "get") return JobTopic{JobOperation::get_pending, std::move(thing)};
  if (parts.rest == "start-next") return JobTopic{JobOperation::start_next, std::move(thing)};
  const auto slash = parts.rest.find('/');
  const std::string_view id = parts.rest.substr(0, slash);
  const std::string_view verb =
      slash == std::string_view::npos ? std::string_view() : parts.rest.substr(slash + 1);
  if (verb == "get" || verb == "update") {
    JobTopic out{verb == "get" ? JobOperation::describe : JobOperation::update, std::move(thing)};
    if (id == kNext && out.operation == JobOperation::describe) return out;
    TRY_ASSIGN(out.job, JobId::parse(id));
    return out;
  }
  return fail(Fault::invalid,
              "no request of AWS IoT Jobs has this topic; those of a thing are jobs/get, "
              "jobs/start-next, jobs/{{jobId}}/get and jobs/{{jobId}}/update");
}

}  // namespace

std::string_view to_string(JobOperation operation) {
  return kNames[static_cast<std::size_t>(operation)];
}

std::string JobTopic::accepted() const { return base_of(*this) + "/accepted"; }
std::string JobTopic::rejected() const { return base_of(*this) + "/rejected"; }

bool is_job_topic(std::string_view topic) { return split_job_topic(topic).has_value(); }

std::optional<Result<JobTopic>> parse_job_topic(std::string_view topic) {
  const auto parts = split_job_topic(topic);
  if (!parts) return std::nullopt;
  return parse_parts(*parts);
}

std::string notify_topic(const ThingName& thing) { return below(thing, "notify"); }
std::string notify_next_topic(const ThingName& thing) { return below(thing, "notify-next"); }

}  // namespace imprint::device_api
