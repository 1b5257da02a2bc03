// SPDX-License-Identifier: Apache-2.0
#include "device_api/jobs_api.h"

#include <gmock/gmock.h>

#include "test/support/fake_clock.h"
#include "test/support/memory_store.h"

namespace imprint::device_api {
namespace {

namespace json = encoding::json;
using registry::JobExecutionStatus;
using testing::HasSubstr;

constexpr std::string_view kBase = "$aws/things/d/jobs/";

TEST(JobTopics, AreThoseOfAws) {
  const auto operation = [](std::string_view rest) {
    const auto parsed = parse_job_topic(fmt::format("{}{}", kBase, rest));
    return parsed && *parsed ? std::string(to_string((*parsed)->operation)) : "none";
  };
  EXPECT_EQ(operation("get"), "GetPendingJobExecutions");
  EXPECT_EQ(operation("start-next"), "StartNextPendingJobExecution");
  EXPECT_EQ(operation("j-1/get"), "DescribeJobExecution");
  EXPECT_EQ(operation("$next/get"), "DescribeJobExecution");
  EXPECT_EQ(operation("j-1/update"), "UpdateJobExecution");
  EXPECT_EQ(operation("get/get"), "DescribeJobExecution") << "a job may be called get";
  for (const std::string_view none : {"", "notify", "notify-next", "get/accepted", "$next/update",
                                      "j-1", "j-1/get/accepted", "j 1/get", "j-1/delete", "/get"})
    EXPECT_EQ(operation(none), "none") << none;
  for (const std::string_view other :
       {"$aws/things/d/shadow/get", "$aws/things/d", "$aws/things/d/jobsx/get", "a/jobs/get"})
    EXPECT_FALSE(parse_job_topic(other)) << other;
}

TEST(JobTopics, HaveTheirAnswersBelowThem) {
  for (const std::string_view rest : {"get", "start-next", "$next/get", "j-1/update"}) {
    const std::string topic = fmt::format("{}{}", kBase, rest);
    const auto parsed = parse_job_topic(topic);
    ASSERT_TRUE(parsed && *parsed);
    EXPECT_EQ((*parsed)->accepted(), topic + "/accepted");
    EXPECT_EQ((*parsed)->rejected(), topic + "/rejected");
  }
}

struct JobsApiTest : testing::Test {
  void SetUp() override {
    const JobId id = *JobId::parse("j-1");
    registry::ChangeSet changes;
    changes.add(registry::Put{registry::Thing{.name = d, .id = "id"}});
    changes.add(registry::Put{registry::Job{
        .id = id, .plan = {.document = R"({"operation":"reboot"})", .timeout_minutes = 5}}});
    jobs::add_execution(changes,
                        {.thing = d, .job = id, .queued = clock.now(), .modified = clock.now()});
    ASSERT_TRUE(runtime::run_blocking(store.commit(std::move(changes))));
  }
  json::object ask(std::string_view rest, std::string_view payload) {
    const auto topic = parse_job_topic(fmt::format("{}{}", kBase, rest));
    const JobAnswer answer = runtime::run_blocking(
        api.run({"certificate", "client", ""}, **topic, Bytes(payload.begin(), payload.end())));
    is_accepted = answer.topic.ends_with("/accepted");
    return encoding::parse_json(as_text(answer.payload))->get_object();
  }
  std::string code(std::string_view rest, std::string_view payload) {
    const json::object answer = ask(rest, payload);
    EXPECT_FALSE(is_accepted) << payload;
    return answer.at("code").as_string().c_str();
  }

  const ThingName d = *ThingName::parse("d");
  test::FakeClock clock;
  test::MemoryStore store;
  jobs::DeviceJobs device_jobs{store, clock};
  JobsApi api{device_jobs, clock};
  bool is_accepted = false;
};

TEST_F(JobsApiTest, AnswersWithTimesInSecondsAndTheDocumentAsAnObject) {
  const json::object answer = ask("start-next", R"({"clientToken":"t"})");
  ASSERT_TRUE(is_accepted);
  const std::int64_t now = to_milliseconds(clock.now()) / 1'000;
  EXPECT_EQ(answer.at("clientToken"), "t");
  EXPECT_EQ(answer.at("timestamp"), now);
  const json::object& execution = answer.at("execution").as_object();
  EXPECT_EQ(execution.at("queuedAt"), now);
  EXPECT_EQ(execution.at("startedAt"), now);
  EXPECT_EQ(execution.at("status"), "IN_PROGRESS");
  EXPECT_EQ(execution.at("versionNumber"), 2);
  EXPECT_EQ(execution.at("executionNumber"), 1);
  EXPECT_EQ(execution.at("approximateSecondsBeforeTimedOut"), 300);
  EXPECT_EQ(execution.at("jobDocument").as_object().at("operation"), "reboot");
}

TEST_F(JobsApiTest, ListsWhatIsPending) {
  const json::object answer = ask("get", "");
  ASSERT_TRUE(is_accepted);
  EXPECT_TRUE(answer.at("inProgressJobs").as_array().empty());
  ASSERT_EQ(answer.at("queuedJobs").as_array().size(), 1U);
  EXPECT_EQ(answer.at("queuedJobs").as_array()[0].as_object().at("jobId"), "j-1");
  EXPECT_FALSE(answer.contains("clientToken"));
}

TEST_F(JobsApiTest, LeavesOutTheDocumentOnlyWhereItIsNotWanted) {
  EXPECT_TRUE(ask("$next/get", "{}").at("execution").as_object().contains("jobDocument"));
  EXPECT_FALSE(ask("$next/get", R"({"includeJobDocument":false})")
                   .at("execution")
                   .as_object()
                   .contains("jobDocument"));
  EXPECT_FALSE(ask("j-1/update", R"({"status":"IN_PROGRESS"})").contains("jobDocument"));
  EXPECT_TRUE(ask("j-1/update", R"({"status":"IN_PROGRESS","includeJobDocument":true})")
                  .contains("jobDocument"));
}

TEST_F(JobsApiTest, TakesAVersionAsANumberOrAsText) {
  ASSERT_TRUE(
      (ask("j-1/update", R"({"status":"IN_PROGRESS","expectedVersion":"1"})"), is_accepted));
  const json::object answer = ask(
      "j-1/update",
      R"({"status":"SUCCEEDED","expectedVersion":2,"includeJobExecutionState":true,"statusDetails":{"a":"b"}})");
  ASSERT_TRUE(is_accepted);
  const json::object& state = answer.at("executionState").as_object();
  EXPECT_EQ(state.at("status"), "SUCCEEDED");
  EXPECT_EQ(state.at("versionNumber"), 3);
  EXPECT_EQ(state.at("statusDetails").as_object().at("a"), "b");
  EXPECT_FALSE((ask("$next/get", "{}"), is_accepted) &&
               ask("$next/get", "{}").contains("execution"));
}

TEST_F(JobsApiTest, SaysWhyItRefuses) {
  EXPECT_EQ(code("get", "{"), "InvalidJson");
  EXPECT_EQ(code("get", "[]"), "InvalidJson");
  EXPECT_EQ(code("j-1/update", "{}"), "InvalidRequest");
  for (const std::string_view payload :
       {R"({"status":1})", R"({"status":"QUEUED"})", R"({"status":"FAILED","statusDetails":[]})",
        R"({"status":"FAILED","statusDetails":{"a b":"c"}})",
        R"({"status":"FAILED","statusDetails":{"a":""}})",
        R"({"status":"FAILED","statusDetails":{"a":1}})",
        R"({"status":"FAILED","expectedVersion":"x"})",
        R"({"status":"FAILED","expectedVersion":1.5})",
        R"({"status":"IN_PROGRESS","stepTimeoutInMinutes":0})",
        R"({"status":"IN_PROGRESS","stepTimeoutInMinutes":6})",
        R"({"status":"FAILED","includeJobDocument":"yes"})"})
    EXPECT_EQ(code("j-1/update", payload), "InvalidRequest") << payload;
  EXPECT_EQ(code("j-2/get", "{}"), "ResourceNotFound");
  EXPECT_EQ(code("j-1/update", R"({"status":"FAILED","executionNumber":2})"), "ResourceNotFound");
  const json::object mismatch =
      ask("j-1/update", R"({"status":"FAILED","expectedVersion":9,"clientToken":"t"})");
  EXPECT_EQ(mismatch.at("code"), "VersionMismatch");
  EXPECT_EQ(mismatch.at("clientToken"), "t");
  EXPECT_EQ(mismatch.at("executionState").as_object().at("versionNumber"), 1);
  ASSERT_TRUE((ask("j-1/update", R"({"status":"REJECTED"})"), is_accepted));
  const json::object ended = ask("j-1/update", R"({"status":"IN_PROGRESS"})");
  EXPECT_EQ(ended.at("code"), "InvalidStateTransition");
  EXPECT_EQ(ended.at("executionState").as_object().at("status"), "REJECTED");
}

TEST_F(JobsApiTest, EchoesTheTokenOfARequestThatItRefuses) {
  EXPECT_EQ(ask("j-1/update", R"({"clientToken":"t","status":7})").at("clientToken"), "t");
}

TEST(JobNotifications, HoldAtMostTenExecutions) {
  jobs::PendingJobs pending;
  const auto execution = [](JobExecutionStatus status) {
    return jobs::JobExecution{
        .thing = *ThingName::parse("d"), .job = *JobId::parse("j"), .status = status};
  };
  const Timestamp now = from_milliseconds(5'999);
  EXPECT_EQ(encoding::to_json(write_notification(pending, now)), R"({"timestamp":5,"jobs":{}})");
  pending.in_progress.assign(3, execution(JobExecutionStatus::in_progress));
  pending.queued.assign(20, execution(JobExecutionStatus::queued));
  const json::object lists = write_notification(pending, now).at("jobs").as_object();
  EXPECT_EQ(lists.at("IN_PROGRESS").as_array().size(), 3U);
  EXPECT_EQ(lists.at("QUEUED").as_array().size(), 7U);
  EXPECT_EQ(encoding::to_json(write_next_notification({}, now)), R"({"timestamp":5})");
}

}  // namespace
}  // namespace imprint::device_api
