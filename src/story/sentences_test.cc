// SPDX-License-Identifier: Apache-2.0
#include "story/sentences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imprint::story {
namespace {

using registry::AuditEvent;
using ::testing::HasSubstr;

TEST(Story, DescribesEveryEventWithItsReason) {
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
       {"does not declare Region"}},
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
      {{.step = "sign_in",
        .outcome = "denied",
        .actor = "AKIAX",
        .detail = R"({"source_ip":"10.0.0.3","because":"the secret is wrong"})"},
       {"sign in at the dashboard denied with the key AKIAX from 10.0.0.3: the secret is wrong"}},
      {{.step = "sign_in",
        .outcome = "ok",
        .actor = "AKIAX",
        .detail = R"({"source_ip":"10.0.0.3"})"},
       {"succeeded with the key AKIAX from 10.0.0.3"}},
      {{.step = "authenticate",
        .outcome = "rejected",
        .actor = "AKIAX",
        .detail = R"({"source_ip":"10.0.0.3","error":"SignatureDoesNotMatch"})"},
       {"request to the REST API rejected with the key AKIAX from 10.0.0.3: SignatureDoesNot"}},
      {{.step = "delete_thing",
        .outcome = "denied",
        .actor = "AKIAX",
        .detail =
            R"({"action":"iot:DeleteThing","resource":"arn:t","reason":"the role is read-only"})"},
       {"delete_thing \"arn:t\" denied to AKIAX: the role is read-only"}},
      // An operation that has a device's step for its name.
      {{.step = "register_thing",
        .outcome = "denied",
        .actor = "AKIAX",
        .detail =
            R"({"action":"iot:RegisterThing","resource":"*","reason":"the role is factory"})"},
       {"RegisterThing \"*\" denied to AKIAX: the role is factory"}},
      {{.step = "connect", .outcome = "denied", .detail = "not JSON"}, {"connect denied"}},
      // Text from a device stays one line of text.
      {{.step = "subscribe", .outcome = "denied", .detail = R"({"resource":"a\nNext: lies"})"},
       {"subscribe \"a\\x0aNext: lies\""}},
  };
  for (const auto& row : rows) {
    for (const std::string& part : row.parts)
      EXPECT_THAT(sentence_of(trail::read(row.event)), HasSubstr(part)) << row.event.step;
  }
}

}  // namespace
}  // namespace imprint::story
