// SPDX-License-Identifier: Apache-2.0
#include "control_api/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/text.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using registry::AuditEvent;
using test::ControlApiWorld;
using test::Reply;
using ::testing::HasSubstr;

TEST(Story, EveryEventIsASentenceWithWhatDecidedIt) {
  const struct {
    AuditEvent event;
    std::vector<std::string> parts;
  } rows[] = {
      {{.step = "connect",
        .outcome = "ok",
        .certificate = "ab",
        .client = "d",
        .detail = R"({"from":"::1"})"},
       {"connected as \"d\"", "its own certificate ab", "::1"}},
      {{.step = "connect",
        .outcome = "ok",
        .client = "d",
        .detail = R"({"from":"::1","claim":true})"},
       {"with the claim certificate"}},
      {{.step = "publish",
        .outcome = "denied",
        .detail = R"({"resource":"a/b","because":"no statement"})"},
       {"publish \"a/b\" denied: no statement"}},
      {{.step = "register_thing",
        .outcome = "rejected",
        .detail = R"({"statusCode":400,"errorCode":"InvalidParameters","because":"x is missing"})"},
       {"RegisterThing rejected with 400 InvalidParameters: x is missing"}},
      {{.step = "register_thing",
        .outcome = "rejected",
        .detail =
            R"({"statusCode":403,"errorCode":"AccessDenied","because":"no","rule":"list a"})"},
       {"403 AccessDenied: no (rule: list a)"}},
      {{.step = "register_thing", .outcome = "ok", .thing = "t", .certificate = "ab"},
       {"registered as t with certificate ab"}},
      {{.step = "create_certificate_from_csr",
        .outcome = "ok",
        .certificate = "ab",
        .detail = R"({"repeated":true})"},
       {"got certificate ab, the one its key had before"}},
      {{.step = "disconnect", .outcome = "failed", .detail = R"({"because":"silent for 90 s"})"},
       {"connection ended failed: silent for 90 s"}},
      {{.step = "hook", .outcome = "ok", .detail = R"({"hook":"arn:a","milliseconds":7})"},
       {"pre-provisioning hook \"arn:a\" allowed the device after 7 ms"}},
      {{.step = "hook",
        .outcome = "denied",
        .detail = R"({"hook":"arn:a","milliseconds":7,"because":"it said no"})"},
       {"denied the device after 7 ms: it said no"}},
      {{.step = "hook", .outcome = "timed_out", .detail = R"({"hook":"arn:a","milliseconds":7})"},
       {"did not answer in time"}},
      {{.step = "hook",
        .outcome = "failed",
        .detail = R"({"hook":"arn:a","milliseconds":7,"shadow":true})"},
       {"(shadow, decides nothing) failed"}},
      {{.step = "hook",
        .outcome = "ok",
        .detail = R"({"hook":"arn:a","milliseconds":7,"undeclared":["Region"]})"},
       {"its overrides of [\"Region\"] are ignored"}},
      {{.step = "alarm",
        .outcome = "raised",
        .detail = R"({"alarm":"claim-frozen","because":"100 of 100 are registered"})"},
       {"alarm", "raised: 100 of 100"}},
      {{.step = "freeze_claim",
        .outcome = "ok",
        .actor = "AKIA",
        .detail = R"({"because":"line 3 lost a controller"})"},
       {"freeze_claim by AKIA: line 3 lost a controller"}},
      {{.step = "update_certificate", .outcome = "ok", .actor = "AKIA"},
       {"update_certificate by AKIA"}},
      {{.step = "connect", .outcome = "denied", .detail = "not JSON"}, {"connect denied"}},
      // Text from a device stays one line of text.
      {{.step = "subscribe", .outcome = "denied", .detail = R"({"resource":"a\nNext: lies"})"},
       {"subscribe \"a\\x0aNext: lies\""}},
  };
  for (const auto& row : rows) {
    for (const std::string& part : row.parts)
      EXPECT_THAT(sentence_of(row.event), HasSubstr(part)) << row.event.step;
  }
}

// ---- over the API ----

class Explain : public ::testing::Test {
 protected:
  void record(std::vector<AuditEvent> events) {
    registry::ChangeSet changes;
    changes.events = std::move(events);
    ASSERT_TRUE(runtime::run_blocking(world.store.commit(std::move(changes))));
  }
  std::vector<std::string> steps(const std::string& query) {
    std::vector<std::string> out;
    const Reply reply = world.must("GET", "/imprint/v1/explain?" + query);
    for (const auto& event : reply.body.at("events").as_array())
      out.emplace_back(event.at("step").as_string());
    return out;
  }
  ControlApiWorld world;
};

TEST_F(Explain, FollowsADeviceThroughItsConnectionsAndCertificatesButNotItsClaim) {
  const std::string claim(64, 'c');
  const std::string own(64, 'a');
  record({{.time = from_milliseconds(10),
           .step = "connect",
           .outcome = "ok",
           .correlation = "one",
           .certificate = claim,
           .client = "factory",
           .detail = R"({"claim":true})"},
          {.time = from_milliseconds(10),
           .step = "connect",
           .outcome = "ok",
           .correlation = "other",
           .certificate = claim,
           .client = "factory",
           .detail = R"({"claim":true})"},
          {.time = from_milliseconds(40),
           .step = "register_thing",
           .outcome = "ok",
           .correlation = "one",
           .thing = "device-1",
           .certificate = own,
           .client = "factory",
           .serial_number = "S1"},
          {.time = from_milliseconds(30),
           .step = "create_certificate_from_csr",
           .outcome = "ok",
           .correlation = "one",
           .certificate = own,
           .client = "factory"},
          {.time = from_milliseconds(50),
           .step = "publish",
           .outcome = "denied",
           .correlation = "two",
           .certificate = own,
           .client = "device-1"}});
  const std::vector<std::string> whole = {"connect", "create_certificate_from_csr",
                                          "register_thing", "publish"};
  EXPECT_EQ(steps("serialNumber=S1"), whole);
  EXPECT_EQ(steps("thingName=device-1"), whole);
  EXPECT_EQ(steps("certificateId=" + own), whole);
  EXPECT_EQ(steps("clientId=device-1"), whole);
  EXPECT_EQ(steps("serialNumber=S1&after=3"),
            (std::vector<std::string>{"create_certificate_from_csr", "publish"}));
  EXPECT_TRUE(steps("serialNumber=S2").empty());
}

TEST_F(Explain, WantsExactlyOneName) {
  for (const std::string query :
       {"", "?serialNumber=1&clientId=2", "?certificateId=xyz", "?after=x&clientId=1"})
    EXPECT_EQ(world.call("GET", "/imprint/v1/explain" + query).status, 400) << query;
}

TEST_F(Explain, TheWholeTrailIsListedNewestFirstInPages) {
  for (int i = 0; i < 5; ++i)
    record({{.step = fmt::format("step_{}", i),
             .outcome = "ok",
             .correlation = i % 2 == 0 ? "even" : "odd"}});
  const auto first = world.must("GET", "/imprint/v1/audit-events?maxResults=2");
  const auto step = [](const Reply& reply, std::size_t i) {
    return std::string(reply.list("events").at(i).at("step").as_string());
  };
  EXPECT_EQ(step(first, 0), "step_4");
  record({{.step = "meanwhile", .outcome = "ok"}});
  const auto second = world.must("GET", "/imprint/v1/audit-events?maxResults=2&nextToken=" +
                                            encoding::percent_encode(first.text("nextToken")));
  EXPECT_EQ(step(second, 0), "step_2");
  EXPECT_EQ(world.must("GET", "/imprint/v1/audit-events?correlationId=odd").list("events").size(),
            2U);
  EXPECT_TRUE(
      world.must("GET", "/imprint/v1/audit-events?thingName=nobody").list("events").empty());
  EXPECT_EQ(world.call("GET", "/imprint/v1/audit-events?nextToken=x").status, 400);
}

}  // namespace
}  // namespace imprint::control_api
