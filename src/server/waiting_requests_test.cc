// SPDX-License-Identifier: Apache-2.0
// A provisioning request that is waiting when the right to make it is taken away.
#include <gmock/gmock.h>
#include <semaphore>

#include "test/support/provisioning_talk.h"
#include "test/support/web_server.h"

namespace imprint::server {
namespace {

using registry::CertificateStatus;
using test::Applicant;
using test::eventually;
using test::MqttDevice;
using test::TestServer;
using testing::HasSubstr;

/// Allows everything except requesting a registration.
constexpr std::string_view kNoRegistration = R"({"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"iot:*","Resource":"*"},
  {"Effect":"Deny","Action":"iot:Publish",
   "Resource":"arn:aws:iot:us-east-1:000000000000:topic/$aws/provisioning-templates/*"}]})";
constexpr std::string_view kNoCertificates = R"({"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"iot:*","Resource":"*"},
  {"Effect":"Deny","Action":"iot:Publish",
   "Resource":"arn:aws:iot:us-east-1:000000000000:topic/$aws/certificates/*"}]})";

void detach_policy(TestServer& server, const CertificateId& claim) {
  server.erase(registry::attachment_key(*PolicyName::parse("All"), registry::PolicyTarget(claim)));
}

TEST(WaitingRequest, RegistersNothingOnceItsRightIsGoneEvenIfTheHookAllows) {
  const struct {
    const char* name;
    void (*take_away)(TestServer&, const CertificateId&);
    bool is_cut;
    bool loses_subscription = false;
  } rows[] = {
      {"denied",
       [](TestServer& s, const CertificateId&) {
         s.set_policy("All", std::string(kNoRegistration));
       },
       false},
      {"detached", &detach_policy, true, true},
      {"frozen",
       [](TestServer& s, const CertificateId& id) {
         registry::Certificate claim = s.certificate(id);
         claim.status = CertificateStatus::inactive;
         claim.frozen = registry::Freeze{.at = s.clock.now(), .because = "lost", .by = "op"};
         ++claim.version;
         s.put(std::move(claim));
       },
       true},
      {"revoked",
       [](TestServer& s, const CertificateId& id) { s.set_status(id, CertificateStatus::revoked); },
       true},
      {"deleted",
       [](TestServer& s, const CertificateId& id) { s.erase(registry::certificate_key(id)); },
       true},
  };
  for (const auto& row : rows) {
    std::counting_semaphore<10> asked{0};
    std::counting_semaphore<10> go{0};
    test::WebServer hook([&](const test::WebCall&) {
      asked.release();
      go.acquire();
      return test::web_answer(200, R"({"allowProvisioning":true})");
    });
    TestServer server(
        {.hooks = {
             {.arn = test::kHookArn, .url = hook.url(), .timeout = std::chrono::minutes(1)}}});
    server.guard(test::kHookArn);
    const auto claim = server.enroll_claim();
    Applicant one(server, claim, "S1", 0);
    one.ask();
    asked.acquire();
    row.take_away(server, claim.id);
    go.release(10);
    if (!row.is_cut) {
      std::string topic;
      const encoding::json::object answer = test::next_object(one.device, &topic);
      EXPECT_EQ(topic, test::kRegister + "/rejected") << row.name;
      EXPECT_EQ(test::text(answer, "errorCode"), "AccessDenied") << row.name;
    } else {
      EXPECT_TRUE(one.device.is_cut()) << row.name;
    }
    EXPECT_TRUE(eventually([&] {
      return std::ranges::any_of(server.all<registry::AuditEvent>(registry::query::AuditEvents{}),
                                 [](const registry::AuditEvent& event) {
                                   return event.step == "register_thing" &&
                                          event.outcome == "rejected";
                                 });
    })) << row.name;
    server.stop();
    // An answer must not be recorded as lost for a client that had subscribed to its topic and is
    // gone.
    for (const auto& event : server.all<registry::AuditEvent>(registry::query::AuditEvents{})) {
      if (!row.loses_subscription) EXPECT_NE(event.outcome, "lost") << row.name;
    }
    EXPECT_TRUE(server.all<registry::Thing>(registry::query::Things{}).empty()) << row.name;
    for (const auto& made : server.all<registry::Certificate>(registry::query::Certificates{})) {
      if (made.requested_by == claim.id)
        EXPECT_EQ(made.status, CertificateStatus::pending_activation) << row.name;
    }
  }
}

// A request that waits behind another with the same key, whose certificate is being stored.
TEST(WaitingRequest, GetsNoCertificateOnceItsRightIsGone) {
  TestServer server;
  const auto claim = server.enroll_claim();
  const auto other = server.enroll(
      "other claim", "FleetDevicePolicy",
      [](registry::Certificate& record) { record.purpose = registry::CertificatePurpose::claim; });
  const auto key = test::make_key();
  MqttDevice first;
  ASSERT_TRUE(first.connect(server.port(0), other.tls, "first"));
  MqttDevice second;
  ASSERT_TRUE(second.connect(server.port(1), claim.tls, "second"));
  test::listen(first, test::kFromCsr);
  test::listen(second, test::kFromCsr);
  server.store.hold_commits();
  for (MqttDevice* device : {&first, &second}) {
    ASSERT_TRUE(device->send(test::kFromCsr, test::csr_request(key)));
    // The next packet is answered only after the request before it has been queued.
    ASSERT_EQ(device->subscribe("a/b"), mqtt::ReasonCode::granted_qos_1);
  }
  server.set_policy("All", std::string(kNoCertificates));
  server.store.open();
  std::string topic;
  const encoding::json::object answer = test::next_object(second, &topic);
  EXPECT_EQ(topic, test::kFromCsr + "/rejected");
  EXPECT_EQ(test::text(answer, "errorCode"), "AccessDenied");
  EXPECT_FALSE(test::text(test::next_object(first), "certificateId").empty());
  server.stop();
  for (const auto& made : server.all<registry::Certificate>(registry::query::Certificates{}))
    EXPECT_NE(made.requested_by, claim.id);
}

}  // namespace
}  // namespace imprint::server
