// SPDX-License-Identifier: Apache-2.0
#include "control_api/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encoding/text.h"
#include "test/support/control_api_world.h"

namespace imprint::control_api {
namespace {

using registry::AuditEvent;
using registry::Certificate;
using registry::CertificateStatus;
using test::ControlApiWorld;
using test::Reply;
using ::testing::AllOf;
using ::testing::HasSubstr;

Certificate certificate(CertificateStatus status) {
  return {.id = CertificateId(Sha256{7}),
          .pem = {},
          .status = status,
          .requested_by = CertificateId(Sha256{1})};
}

Certificate frozen_claim() {
  Certificate claim = certificate(CertificateStatus::inactive);
  claim.frozen = registry::Freeze{.because = "it was used too often"};
  return claim;
}

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

TEST(Story, EndsWithWhatToDoNext) {
  const AuditEvent created{.step = "create_certificate_from_csr", .outcome = "ok"};
  const auto rejected = [](std::string_view code, bool final) {
    return AuditEvent{.step = "register_thing",
                      .outcome = "rejected",
                      .detail = fmt::format(R"({{"errorCode":"{}","final":{}}})", code, final)};
  };
  const AuditEvent connected{.step = "connect", .outcome = "ok"};
  const auto hook = [](std::string outcome, bool shadow = false) {
    return AuditEvent{.step = "hook",
                      .outcome = std::move(outcome),
                      .detail = fmt::format(R"({{"hook":"arn:a","shadow":{}}})", shadow)};
  };
  const AuditEvent claimed{.step = "connect", .outcome = "ok", .detail = R"({"claim":true})"};
  const AuditEvent lost{.step = "disconnect", .outcome = "failed"};
  const AuditEvent broken{.step = "connect", .outcome = "failed"};
  const AuditEvent registered{.step = "register_thing", .outcome = "ok", .thing = "t"};
  const auto denied = [](std::string step, std::string detail = "{}") {
    return AuditEvent{.step = std::move(step), .outcome = "denied", .detail = std::move(detail)};
  };
  using enum CertificateStatus;
  const struct {
    const char* name;
    std::vector<AuditEvent> story;
    std::optional<Certificate> certificate;
    std::string part;
  } rows[] = {
      {"unknown", {}, {}, "Nothing is on record"},
      {"only a certificate",
       {claimed, created},
       certificate(pending_activation),
       "goes on with RegisterThing"},
      {"claim only", {claimed}, certificate(active), "subscribes to the answers"},
      {"registered", {registered}, certificate(active), "registered as t"},
      {"deactivated since", {registered}, certificate(inactive), "--new-status ACTIVE"},
      {"its claim is frozen",
       {rejected("AccessDenied", true)},
       frozen_claim(),
       "imprint claim thaw DIR " + certificate(inactive).id.hex()},
      {"refused with a frozen claim", {denied("connect")}, frozen_claim(), "imprint claim create"},
      {"revoked since", {connected}, certificate(revoked), "REVOKED for good"},
      {"all well", {registered, connected, lost}, certificate(active), "went well"},
      {"line broke", {broken}, certificate(active), "connection broke"},
      {"bad parameters",
       {rejected("InvalidParameters", true)},
       {},
       "refused again. Send the parameters"},
      {"conflict", {rejected("ResourceConflicts", true)}, {}, "two units have one serial"},
      {"disabled", {rejected("TemplateDisabled", true)}, {}, "--enabled"},
      {"a rule",
       {{.step = "register_thing",
         .outcome = "rejected",
         .detail =
             R"({"errorCode":"AccessDenied","final":true,"rule":"setting allowlist: manufacturing list a has no serial b"})"}},
       {},
       "list a has no serial b. If this unit belongs in, put it on the list"},
      {"a rule without a list",
       {{.step = "register_thing",
         .outcome = "rejected",
         .detail =
             R"({"errorCode":"AccessDenied","final":true,"rule":"setting parameter.S.pattern = x.*"})"}},
       {},
       "pattern = x.*. If this unit belongs in, change the rule"},
      {"busy", {rejected("Throttled", false)}, {}, "may succeed later"},
      {"hook denied",
       {hook("denied"), rejected("AccessDenied", true), lost},
       {},
       "hook \"arn:a\" said no"},
      {"hook failed",
       {hook("failed"), rejected("AccessDenied", false)},
       {},
       "could not do its work"},
      {"hook silent", {hook("timed_out"), rejected("AccessDenied", false)}, {}, "quick enough"},
      {"hook in shadow",
       {hook("denied", true), rejected("AccessDenied", true)},
       {},
       "imprint claim create"},
      {"hook said yes",
       {hook("ok"), rejected("InvalidParameters", true)},
       {},
       "Send the parameters"},
      {"hook said yes to a claim that is used up",
       {hook("denied"), hook("ok"), rejected("AccessDenied", true)},
       {},
       "imprint claim create"},
      {"a code of tomorrow", {rejected("Other", true)}, {}, "refused again"},
      {"unknown certificate", {denied("tls_handshake")}, {}, "not registered here"},
      {"deleted", {denied("connect")}, {}, "not in the registry, or not any more"},
      {"wrong client id", {denied("connect")}, certificate(active), "another client id"},
      {"wrong topic", {denied("publish")}, certificate(active), "another topic"},
      {"claim too far",
       {denied("subscribe", R"({"claim":true})")},
       certificate(active),
       "nothing else"},
      {"did not subscribe", {{.step = "answer", .outcome = "lost"}}, {}, "before it publishes"},
      {"too late",
       {{.step = "remove_expired_certificate", .outcome = "ok"}},
       {},
       "within the hour"},
      {"a later success counts",
       {rejected("InvalidCsr", true), registered},
       certificate(active),
       "registered as t"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(what_next(row.story, row.certificate), HasSubstr(row.part)) << row.name;
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
