// SPDX-License-Identifier: Apache-2.0
#include "bulk/registration_tasks.h"

#include <charconv>

#include "base/random.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/s3_names.h"
#include "control_api/store_access.h"
#include "outcome/causes.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct TaskNeeds {
  registry::Store& store;
  bulk::RegistrationTasks& registrations;
  Random& random;
};

using bulk::ReportPart;
using bulk::ReportType;
using registry::RegistrationProgress;
using registry::RegistrationTask;
using registry::TaskStatus;

/// The task that the path names. `exception` is what the operation's model declares for one that
/// does not exist.
runtime::Task<Result<RegistrationTask>> get_task(Call call, TaskNeeds needs, Exception exception) {
  const std::string id = call.in.text("taskId");
  co_return co_await find_or_refuse(needs.store, registry::registration_task_key(id),
                                    fmt::format("Thing registration task {} not found", quote(id)),
                                    exception);
}

/// An input file that cannot be read is refused before there is a task.
Result<void> check_input_file(const Call& call, TaskNeeds needs) {
  const auto file = needs.registrations.uploads().open(call.in.text("inputFileBucket"),
                                                       call.in.text("inputFileKey"));
  if (file) return {};
  return refuse(Exception::invalid_request,
                fmt::format("The input file cannot be read: {}. Put it under uploads/ in the "
                            "deployment directory, or upload it with "
                            "PUT /imprint/v1/uploads/{{bucket}}/{{key}}",
                            file.error().message),
                "inputFileKey");
}

Answer start_task(Call call, TaskNeeds needs) {
  CO_TRY(templates::Template::parse(call.in.text("templateBody"), templates::Use::bulk));
  CO_TRY(check_input_file(call, needs));
  const Timestamp now = call.now();
  const RegistrationTask task{.id = make_uuid(needs.random),
                              .template_body = call.in.text("templateBody"),
                              .bucket = call.in.text("inputFileBucket"),
                              .key = call.in.text("inputFileKey"),
                              .role_arn = call.in.text("roleArn"),
                              .region = call.region,
                              .actor = call.access_key_id,
                              .created = now,
                              .modified = now};
  registry::ChangeSet changes =
      change_set(call.event({{"task", task.id}, {"bucket", task.bucket}, {"key", task.key}}));
  changes.add(registry::create(task));
  changes.add(registry::create(RegistrationProgress{.task = task.id, .modified = now}));
  changes.add(registry::Count{std::string(bulk::kRunningTasks), 1, bulk::kMaxRunningTasks,
                              "LimitReached"_cause});
  const auto done = co_await commit(needs.store, std::move(changes));
  if (!done && done.error().cause == "LimitReached"_cause) {
    co_return refuse(Exception::invalid_request,
                     "Another thing registration task is running, and there may be one; wait for "
                     "its end or stop it");
  }
  CO_TRY(done);
  needs.registrations.wake();
  co_return json::object{{"taskId", task.id}};
}

std::int64_t percentage_of(const RegistrationTask& task, const RegistrationProgress& progress) {
  if (task.status == TaskStatus::completed) return 100;
  return progress.input_bytes == 0 ? 0 : progress.done_bytes * 100 / progress.input_bytes;
}

Answer describe_task(Call call, TaskNeeds needs) {
  CO_TRY_ASSIGN(const RegistrationTask task, co_await get_task(call, needs, Exception::not_found));
  CO_TRY_ASSIGN(const RegistrationProgress progress,
                co_await registry::get(needs.store, registry::registration_progress_key(task.id)));
  json::object answer{
      {"taskId", task.id},
      {"creationDate", epoch_seconds(task.created)},
      {"lastModifiedDate", epoch_seconds(std::max(task.modified, progress.modified))},
      {"templateBody", task.template_body},
      {"inputFileBucket", task.bucket},
      {"inputFileKey", task.key},
      {"roleArn", task.role_arn},
      {"status", registry::to_string(task.status)},
      {"successCount", progress.succeeded},
      {"failureCount", progress.failed},
      {"percentageProgress", percentage_of(task, progress)}};
  if (!task.message.empty()) answer["message"] = task.message;
  co_return answer;
}

Answer list_tasks(Call call, TaskNeeds needs) {
  registry::query::RegistrationTasks query;
  if (call.in.has("status")) {
    CO_TRY_ASSIGN(query.status, registry::parse_task_status(call.in.text("status")));
  }
  co_return co_await list_page<RegistrationTask>(
      std::move(call), needs.store, query, kTokenStyle, "taskIds",
      [](const RegistrationTask& task) { return task.id; });
}

/// Reports come in parts, each with a link of its own. A page continues after the number of a part.
Answer list_reports(Call call, TaskNeeds needs) {
  CO_TRY_ASSIGN(const RegistrationTask task,
                co_await get_task(call, needs, Exception::invalid_request));
  CO_TRY_ASSIGN(const RegistrationProgress progress,
                co_await registry::get(needs.store, registry::registration_progress_key(task.id)));
  const auto type = bulk::parse_report_type(call.in.text("reportType"));
  IMPRINT_ASSERT(type.has_value());  // the row allows no other
  const registry::ReportPlace& end =
      *type == ReportType::errors ? progress.errors : progress.results;
  const std::int64_t parts = end.part + (end.bytes > 0 ? 1 : 0);
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  std::int64_t part = 0;
  if (!cursor.after.empty()) {
    const char* last = cursor.after.data() + cursor.after.size();
    if (std::from_chars(cursor.after.data(), last, part).ptr != last || part < 0) {
      co_return refuse_value("nextToken", call.in.text("nextToken"),
                             "Member must be the nextToken that this operation answered with");
    }
  }
  json::array links;
  for (; part < parts && links.size() < cursor.limit; ++part) {
    links.emplace_back("https://" + call.host +
                       needs.registrations.links().target_of({task.id, *type, part}, call.now()));
  }
  json::object answer{{"resourceLinks", std::move(links)}, {"reportType", bulk::to_string(*type)}};
  put_next(answer, call, kTokenStyle,
           part < parts ? std::optional(std::to_string(part)) : std::nullopt);
  co_return answer;
}

Answer stop_task(Call call, TaskNeeds needs) {
  CO_TRY_ASSIGN(RegistrationTask task, co_await get_task(call, needs, Exception::not_found));
  if (task.status == TaskStatus::cancelling || task.status == TaskStatus::cancelled)
    co_return json::object();
  if (task.status != TaskStatus::in_progress) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("Thing registration task {} has ended already: {}", task.id,
                                 registry::to_string(task.status)));
  }
  task.status = TaskStatus::cancelling;
  registry::ChangeSet changes = change_set(call.event({{"task", task.id}}));
  changes.add(registry::update(std::move(task), call.now()));
  CO_TRY(co_await commit(needs.store, std::move(changes)));
  needs.registrations.wake();
  co_return json::object();
}

using enum Exception;

constexpr std::string_view kStatuses[] = {"InProgress", "Completed", "Failed", "Cancelled",
                                          "Cancelling"};
constexpr std::string_view kReportTypes[] = {"ERRORS", "RESULTS"};
constexpr InputInfo kTaskId{.name = "taskId", .in = Location::path, .required = true, .most = 40};
constexpr InputInfo kStart[] = {
    {.name = "templateBody",
     .required = true,
     .most = static_cast<std::int64_t>(templates::kMaxTemplateCharacters)},
    members::s3_bucket("inputFileBucket", Location::body),
    members::s3_key("inputFileKey", Location::body),
    {.name = "roleArn", .required = true, .least = 20, .most = 2048}};
constexpr InputInfo kOne[] = {kTaskId};
constexpr InputInfo kList[] = {members::kNextToken,
                               members::kMaxResults,
                               {.name = "status", .in = Location::query, .values = kStatuses}};
constexpr InputInfo kReports[] = {
    kTaskId,
    {.name = "reportType", .in = Location::query, .required = true, .values = kReportTypes},
    members::kNextToken,
    members::kMaxResults};
constexpr ExceptionSet kErrors{invalid_request, throttling, unauthorized, internal_failure};
constexpr ExceptionSet kErrorsOfOne{invalid_request, throttling, unauthorized, internal_failure,
                                    not_found};

constexpr rest::Row<TaskNeeds> kOperations[] = {
    {"StartThingRegistrationTask", "POST", "/thing-registration-tasks", kStart, kErrors,
     start_task},
    {"DescribeThingRegistrationTask", "GET", "/thing-registration-tasks/{taskId}", kOne,
     kErrorsOfOne, describe_task},
    {"ListThingRegistrationTasks", "GET", "/thing-registration-tasks", kList, kErrors, list_tasks},
    {"ListThingRegistrationTaskReports", "GET", "/thing-registration-tasks/{taskId}/reports",
     kReports, kErrors, list_reports},
    {"StopThingRegistrationTask", "PUT", "/thing-registration-tasks/{taskId}/cancel", kOne,
     kErrorsOfOne, stop_task},
};

}  // namespace

Operations registration_task_operations(registry::Store& store,
                                        bulk::RegistrationTasks& registrations, Random& random) {
  return rest::bind(kOperations, TaskNeeds{store, registrations, random});
}

}  // namespace imprint::control_api
