// SPDX-License-Identifier: Apache-2.0
// RegisterThing, bulk registration and its files, as their callers see them.
#include <chrono>
#include <thread>

#include "control_api/words.h"
#include "test/support/control_api_world.h"
#include "x509/csr.h"

namespace imprint::control_api {
namespace {

using namespace test::words;

constexpr std::string_view kTemplate =
    R"({"Parameters":{"Name":{"Type":"String"},"CSR":{"Type":"String"}},"Resources":{)"
    R"("thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"Name"}}},)"
    R"("certificate":{"Type":"AWS::IoT::Certificate",)"
    R"("Properties":{"CertificateSigningRequest":{"Ref":"CSR"}}},)"
    R"("policy":{"Type":"AWS::IoT::Policy","Properties":{"PolicyName":"P"}}}})";

std::string csr() { return *x509::make_csr_pem(test::make_key(), test::common_name("device")); }

std::string register_body(const json::value& parameters, std::string_view body = kTemplate) {
  return encoding::to_json(json::object{{"templateBody", body}, {"parameters", parameters}});
}

TEST(RegisterThingOverRest, AnswersWithTheCertificateAndEveryArn) {
  ControlApiWorld world;
  world.make_policy("P");
  const Reply reply =
      world.must("POST", "/things", register_body(json::object{{"Name", "one"}, {"CSR", csr()}}));
  EXPECT_THAT(reply.text("certificatePem"), HasSubstr("BEGIN CERTIFICATE"));
  const auto& arns = reply.body.at("resourceArns").as_object();
  EXPECT_EQ(arns.at("thing").as_string(), "arn:aws:iot:us-east-1:000000000000:thing/one");
  EXPECT_EQ(arns.at("policy").as_string(), "arn:aws:iot:us-east-1:000000000000:policy/P");
  const std::string certificate(arns.at("certificate").as_string());
  const Reply listed = world.must("GET", "/things/one/principals");
  EXPECT_EQ(listed.list("principals").at(0).as_string(), certificate);
  const auto events = world.events();
  EXPECT_EQ(events.back().step, "register_thing");
  EXPECT_EQ(events.back().actor, test::kAccessKeyId);
  EXPECT_EQ(events.back().thing, "one");
}

TEST(RegisterThingOverRest, RefusesInModelledErrors) {
  ControlApiWorld world;
  const std::string kInvalid = "InvalidRequestException";
  const std::string kFailed = "ResourceRegistrationFailureException";
  const std::string thing_fails =
      R"({"Resources":{"thing":{"Type":"AWS::IoT::Thing","Properties":{"ThingName":"one",)"
      R"("AttributePayload":{"a":"b"}},"OverrideSettings":{"AttributePayload":"FAIL"}}}})";
  world.must("POST", "/things/one");
  expect_refusals(
      world,
      {{"no template", "POST", "/things", "{}", 400, kInvalid, "templateBody"},
       {"no JSON", "POST", "/things", register_body({}, "{"), 400, kInvalid, "JSON"},
       {"unknown resource", "POST", "/things",
        register_body({}, R"({"Resources":{"x":{"Type":"AWS::IoT::Nothing","Properties":{}}}})"),
        400, kInvalid, "AWS::IoT::Nothing"},
       {"too long", "POST", "/things", register_body({}, std::string(10241, ' ')), 400, kInvalid,
        "10240"},
       {"a number", "POST", "/things", register_body(json::object{{"Name", 1}}), 400, kInvalid,
        "parameters.Name"},
       {"missing parameter", "POST", "/things", register_body(json::object{{"Name", "a"}}), 400,
        kInvalid, "CSR"},
       {"no policy", "POST", "/things", register_body(json::object{{"Name", "a"}, {"CSR", csr()}}),
        400, kFailed, "policy"},
       {"FAIL", "POST", "/things", register_body({}, thing_fails), 409,
        "ConflictingResourceUpdateException", "FAIL"}});
}

constexpr std::string_view kBulkTemplate =
    R"({"Parameters":{"Name":{"Type":"String"}},"Resources":{"thing":)"
    R"({"Type":"AWS::IoT::Thing","Properties":{"ThingName":{"Ref":"Name"}}}}})";

class BulkRegistration : public testing::Test {
 protected:
  Reply upload(const std::string& text, const std::string& options = "",
               const std::string& name = "factory/batch%2Fone.ndjson") {
    return world.call("PUT", "/imprint/v1/uploads/" + name + options, text);
  }
  static std::string start_body(std::string_view key = "batch/one.ndjson",
                                std::string_view bucket = "factory",
                                std::string_view body = kBulkTemplate,
                                std::string_view role = "arn:aws:iam::000000000000:role/r") {
    return encoding::to_json(json::object{{"templateBody", body},
                                          {"inputFileBucket", bucket},
                                          {"inputFileKey", key},
                                          {"roleArn", role}});
  }
  std::string start() { return world.must("POST", kTasks, start_body()).text("taskId"); }
  Reply wait_for_end(const std::string& id) {
    for (int i = 0; i < 5000; ++i) {
      const Reply reply = world.must("GET", kTasks + "/" + id);
      const std::string status = reply.text("status");
      if (status != "InProgress" && status != "Cancelling") return reply;
      std::this_thread::sleep_for(Milliseconds(2));
    }
    return {};
  }
  /// The path and query of the first link.
  std::string link_to(const std::string& id, const std::string& type) {
    const Reply reply = world.must("GET", kTasks + "/" + id + "/reports?reportType=" + type);
    EXPECT_EQ(reply.text("reportType"), type);
    if (reply.list("resourceLinks").empty()) return "";
    const std::string link(reply.list("resourceLinks").at(0).as_string());
    constexpr std::string_view kServer = "https://localhost:8443";
    EXPECT_TRUE(link.starts_with(kServer)) << link;
    return link.substr(kServer.size());
  }
  rest::HttpResponse fetch(const std::string& target, const std::string& method = "GET") {
    return runtime::run_blocking(world.api.handle({method, target, {}, "", "192.0.2.7"}));
  }

  const std::string kTasks = "/thing-registration-tasks";
  ControlApiWorld world;
};

TEST_F(BulkRegistration, RunsFromUploadToReports) {
  const Reply first = upload("{\"Name\":\"a\"}\n{\"Na", "?offset=0&last=false");
  EXPECT_EQ(first.status, 200) << first.message();
  EXPECT_EQ(first.body.at("bytes").as_int64(), 17);
  EXPECT_EQ(upload("me\":\"b c\"}\n", "?offset=17").body.at("complete").as_bool(), true);
  EXPECT_EQ(world.events().back().step, "put_upload");
  const std::string id = start();
  EXPECT_EQ(world.events().back().step, "start_thing_registration_task");
  world.registrations.start();
  const Reply done = wait_for_end(id);
  EXPECT_EQ(done.text("status"), "Completed");
  EXPECT_EQ(done.body.at("successCount").as_int64(), 1);
  EXPECT_EQ(done.body.at("failureCount").as_int64(), 1);
  EXPECT_EQ(done.body.at("percentageProgress").as_int64(), 100);
  EXPECT_EQ(done.text("inputFileKey"), "batch/one.ndjson");
  world.must("GET", "/things/a");

  const rest::HttpResponse results = fetch(link_to(id, "RESULTS"));
  EXPECT_EQ(results.status, 200);
  EXPECT_EQ(results.content_type, "application/x-ndjson");
  EXPECT_THAT(results.body, HasSubstr(R"("thing":"arn:aws:iot:us-east-1:000000000000:thing/a")"));
  EXPECT_THAT(fetch(link_to(id, "ERRORS")).body, HasSubstr(R"("lineNumber":2)"));
}

TEST_F(BulkRegistration, LinksOpenNothingElse) {
  upload("{\"Name\":\"a\"}\n");
  const std::string id = start();
  EXPECT_EQ(link_to(id, "RESULTS"), "") << "nothing is done yet";
  world.registrations.start();
  wait_for_end(id);
  const std::string link = link_to(id, "RESULTS");
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string out = link;
    return out.replace(out.find(from), from.size(), to);
  };
  for (const std::string& target :
       {changed("RESULTS", "ERRORS"), changed("/0?", "/1?"), changed("expires=", "expires=9"),
        changed("token=", "token=0"), changed("&token=", "&t="), link.substr(0, link.find('?')),
        std::string("/imprint/v1/reports/x"),
        std::string("/imprint/v1/reports/%2e%2e/RESULTS/0")}) {
    const rest::HttpResponse refused = fetch(target);
    EXPECT_EQ(refused.status, 401) << target << refused.body;
  }
  EXPECT_EQ(fetch(link, "DELETE").status, 403);
  world.clock.advance(std::chrono::hours(2));
  EXPECT_THAT(fetch(link).body, HasSubstr("has expired"));
}

TEST_F(BulkRegistration, AllowsOneTaskAtATimeAndStopsIt) {
  upload("{\"Name\":\"a\"}\n");
  const std::string first = start();
  EXPECT_EQ(world.must("GET", kTasks + "/" + first).text("status"), "InProgress");
  expect_refusals(world, {{"a second task", "POST", kTasks, start_body(), 400,
                           "InvalidRequestException", "is running"}});
  world.must("PUT", kTasks + "/" + first + "/cancel");
  world.must("PUT", kTasks + "/" + first + "/cancel");
  EXPECT_EQ(world.must("GET", kTasks + "/" + first).text("status"), "Cancelling");
  world.registrations.start();
  EXPECT_EQ(wait_for_end(first).text("status"), "Cancelled");
  world.must("PUT", kTasks + "/" + first + "/cancel");
  const std::string second = start();
  EXPECT_EQ(wait_for_end(second).text("status"), "Completed");
  const auto pages = world.follow("GET", kTasks, "taskIds", false, 1);
  EXPECT_EQ(pages.elements.size(), 2U);
  EXPECT_EQ(world.must("GET", kTasks + "?status=Completed").list("taskIds").size(), 1U);
  expect_refusals(world, {{"one that has ended", "PUT", kTasks + "/" + second + "/cancel", "", 400,
                           "InvalidRequestException", "Completed"}});
}

TEST_F(BulkRegistration, RefusesInModelledErrors) {
  upload("x");
  const std::string kInvalid = "InvalidRequestException";
  const std::string kNotFound = "ResourceNotFoundException";
  const std::string uploads = "/imprint/v1/uploads/";
  expect_refusals(
      world,
      {{"no file", "POST", kTasks, start_body("other"), 400, kInvalid, "uploads/"},
       {"outside", "POST", kTasks, start_body("../../secret"), 400, kInvalid, "begin with a dot"},
       {"bucket too short", "POST", kTasks, start_body("k", "b"), 400, kInvalid, "inputFileBucket"},
       {"bucket characters", "POST", kTasks, start_body("k", "b/ucket"), 400, kInvalid,
        "inputFileBucket"},
       {"key characters", "POST", kTasks, start_body("k&"), 400, kInvalid, "inputFileKey"},
       {"no template", "POST", kTasks, start_body("batch/one.ndjson", "factory", "{}"), 400,
        kInvalid, "Resources"},
       {"no role", "POST", kTasks, start_body("batch/one.ndjson", "factory", kBulkTemplate, "r"),
        400, kInvalid, "roleArn"},
       {"unknown task", "GET", kTasks + "/x", "", 404, kNotFound, "not found"},
       {"unknown task to stop", "PUT", kTasks + "/x/cancel", "", 404, kNotFound, "not found"},
       {"long id", "GET", kTasks + "/" + std::string(41, 'x'), "", 400, kInvalid, "taskId"},
       {"reports of nothing", "GET", kTasks + "/x/reports?reportType=ERRORS", "", 400, kInvalid,
        "not found"},
       {"no type", "GET", kTasks + "/x/reports", "", 400, kInvalid, "reportType"},
       {"unknown type", "GET", kTasks + "/x/reports?reportType=errors", "", 400, kInvalid,
        "[ERRORS, RESULTS]"},
       {"unknown status", "GET", kTasks + "?status=Done", "", 400, kInvalid, "status"},
       {"upload out of order", "PUT", uploads + "factory/k?offset=7", "x", 400, kInvalid,
        "0 bytes"},
       {"upload outside", "PUT", uploads + "factory/..%2F..%2Fx", "x", 400, kInvalid, "dot"},
       {"upload to a hidden bucket", "PUT", uploads + ".partial/x", "x", 400, kInvalid, "dot"},
       {"upload with a bad key", "PUT", uploads + "factory/a%00b", "x", 400, kInvalid, "key"}});
}

TEST_F(BulkRegistration, BoundsUnfinishedUploads) {
  for (std::size_t i = 0; i < bulk::UploadLimits().unfinished; ++i) {
    const Reply reply = upload("x", "?last=false", fmt::format("factory/{}", i));
    ASSERT_EQ(reply.status, 200) << reply.message();
  }
  expect_refusals(world, {{"one more", "PUT", "/imprint/v1/uploads/factory/more", "x", 410,
                           "LimitExceededException", "send the last piece of one"}});
  EXPECT_EQ(upload("y", "?offset=1", "factory/0").status, 200);
  EXPECT_EQ(upload("x", "", "factory/more").status, 200);
}

}  // namespace
}  // namespace imprint::control_api
