// SPDX-License-Identifier: Apache-2.0
// The provisioning API over MQTT: who receives an answer, in which order, and what is never
// acknowledged.
#include <atomic>
#include <gmock/gmock.h>
#include <semaphore>

#include "test/support/provisioning_talk.h"
#include "test/support/web_server.h"

namespace imprint::server {
namespace {

using mqtt::QoS;
using mqtt::ReasonCode;
using registry::CertificateStatus;
using test::Applicant;
using test::csr_request;
using test::eventually;
using test::kCreate;
using test::kFromCsr;
using test::kHookArn;
using test::kRegister;
using test::listen;
using test::MqttDevice;
using test::next_object;
using test::register_request;
using test::TestServer;
using test::text;
using testing::HasSubstr;
namespace json = encoding::json;

TEST(ProvisioningFlow, GivesADeviceItsIdentity) {
  TestServer server;
  const auto claim = server.enroll_claim();
  for (const auto version : {mqtt::Version::v3_1_1, mqtt::Version::v5}) {
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), claim.tls, "claim-client", {.version = version}));
    listen(device, kFromCsr);
    listen(device, kRegister);
    const auto key = test::make_key();
    ASSERT_TRUE(device.send(kFromCsr, csr_request(key)));
    const json::object created = next_object(device);
    const std::string pem = text(created, "certificatePem");
    test::TlsOptions own{.certificate = pem, .key = std::string(key.pem_pkcs8().reveal())};
    MqttDevice early;
    EXPECT_FALSE(early.connect(server.port(), own, "x")) << "not registered yet";
    const std::string serial = version == mqtt::Version::v5 ? "S5" : "S3";
    ASSERT_TRUE(device.send(kRegister,
                            register_request(text(created, "certificateOwnershipToken"), serial)));
    EXPECT_EQ(text(next_object(device), "thingName"), "device-" + serial);
    MqttDevice online;
    EXPECT_TRUE(online.connect(server.port(1), own, "device-" + serial));
  }
}

/// The claim policy of AWS's guide.
constexpr std::string_view kAwsClaimPolicy = R"({"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
  {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":[
    "arn:aws:iot:us-east-1:000000000000:topic/$aws/certificates/create-from-csr/*",
    "arn:aws:iot:us-east-1:000000000000:topic/$aws/provisioning-templates/T/provision/*"]},
  {"Effect":"Allow","Action":"iot:Subscribe","Resource":[
    "arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/certificates/create-from-csr/*",
    "arn:aws:iot:us-east-1:000000000000:topicfilter/$aws/provisioning-templates/T/provision/*"]}]})";

TEST(ProvisioningFlow, DevicesWithAClaimMadeTheAwsWayShareAClientId) {
  TestServer server;
  server.set_policy("AwsClaim", std::string(kAwsClaimPolicy));
  const auto claim = server.enroll("claim", "AwsClaim");
  std::vector<std::unique_ptr<MqttDevice>> units;
  for (int i = 0; i < 8; ++i) {
    units.push_back(std::make_unique<MqttDevice>());
    ASSERT_TRUE(units.back()->connect(server.port(static_cast<std::size_t>(i % 2)), claim.tls,
                                      "claim-client"))
        << i;
    listen(*units.back(), kFromCsr);
    listen(*units.back(), kRegister);
  }
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::string serial = "S" + std::to_string(i);
    ASSERT_TRUE(units[i]->send(kFromCsr, csr_request(test::make_key()))) << i;
    const json::object created = next_object(*units[i]);
    ASSERT_TRUE(units[i]->send(
        kRegister, register_request(text(created, "certificateOwnershipToken"), serial)));
    EXPECT_EQ(text(next_object(*units[i]), "thingName"), "device-" + serial) << i;
  }
  ASSERT_TRUE(eventually([&] {
    const auto events = server.all<registry::AuditEvent>(
        registry::query::AuditEvents{.certificate = claim.id.hex()});
    return std::ranges::count(events, "connect", &registry::AuditEvent::step) == 8 &&
           std::ranges::all_of(events, [](const auto& event) {
             return event.detail.find(R"("claim":true)") != std::string::npos;
           });
  })) << "so that the stories of two devices are not mixed";
}

TEST(ProvisioningFlow, ACertificateWithAThingIsNeverAClaim) {
  TestServer server;
  server.set_policy("AwsClaim", std::string(kAwsClaimPolicy));
  const auto device = server.enroll("device", "AwsClaim");
  server.attach_thing("device", device.id);
  MqttDevice first;
  MqttDevice second;
  ASSERT_TRUE(first.connect(server.port(), device.tls, "device"));
  ASSERT_TRUE(second.connect(server.port(1), device.tls, "device"));
  EXPECT_TRUE(eventually([&] { return server.sessions() == 1; }));
}

TEST(ProvisioningFlow, AnswersComeInOrderToManyRequestsInFlight) {
  TestServer server;
  const auto claim = server.enroll_claim();
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), claim.tls, "c"));
  listen(device, kFromCsr);
  std::vector<x509::PrivateKey> keys;
  for (int i = 0; i < 12; ++i) keys.push_back(test::make_key());
  for (const auto& key : keys) ASSERT_TRUE(device.send(kFromCsr, csr_request(key)));
  for (const auto& key : keys) {
    const auto certificate =
        x509::Certificate::from_pem(text(next_object(device), "certificatePem"));
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->public_key().sha256(), key.public_key().sha256());
  }
}

TEST(ProvisioningFlow, TooManyRequestsGet429AndAFloodIsCut) {
  TestServer server;
  const auto claim = server.enroll_claim();
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), claim.tls, "c"));
  listen(device, kCreate);
  server.store.hold_commits();
  constexpr int kRequests = 30;
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(device.send(kCreate, "{}", QoS::at_most_once));
  ASSERT_EQ(device.publish("t", "x"), ReasonCode::success) << "all before it have arrived";
  ASSERT_TRUE(eventually([&] { return server.store.waiting() > 0; }));
  server.store.open();
  int accepted = 0;
  int throttled = 0;
  for (int i = 0; i < kRequests; ++i) {
    const json::object answer = next_object(device);
    accepted += answer.contains("certificateId") ? 1 : 0;
    throttled += answer.contains("statusCode") && answer.at("statusCode").to_number<int>() == 429;
  }
  EXPECT_EQ(accepted + throttled, kRequests);
  EXPECT_GE(accepted, 16);
  EXPECT_GT(throttled, 0);

  MqttDevice flood;
  ASSERT_TRUE(flood.connect(server.port(), claim.tls, "flood"));
  server.store.hold_commits();
  for (int i = 0; i < 200; ++i) std::ignore = flood.send(kCreate, "{}", QoS::at_most_once);
  EXPECT_EQ(flood.cut_reason(), ReasonCode::message_rate_too_high);
}

TEST(ProvisioningFlow, ClaimsWithOneClientIdDoNotDisturbEachOther) {
  TestServer server;
  const auto claim = server.enroll_claim();
  std::vector<MqttDevice> devices(6);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    ASSERT_TRUE(devices[i].connect(server.port(i % 2), claim.tls, "claim-client",
                                   {.clean_start = false, .session_expiry_seconds = 3600}));
    EXPECT_FALSE(devices[i].connected->session_present);
    ASSERT_EQ(devices[i].subscribe("$aws/certificates/#"), ReasonCode::granted_qos_1);
  }
  ASSERT_TRUE(devices[3].send(kCreate, "{}"));
  EXPECT_FALSE(text(next_object(devices[3]), "privateKey").empty());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    EXPECT_TRUE(devices[i].hears_nothing(std::chrono::milliseconds(20)))
        << "an answer goes to the connection that made the request";
    EXPECT_FALSE(devices[i].closed);
  }
  EXPECT_EQ(server.sessions(), 0U) << "a claim keeps no session";
}

TEST(ProvisioningFlow, AClaimNeverTakesOverFromADevice) {
  TestServer server;
  const auto claim = server.enroll_claim();
  const auto device_certificate = server.enroll("device");
  server.attach_thing("device-1", device_certificate.id);
  MqttDevice device;
  MqttDevice from_claim;
  ASSERT_TRUE(device.connect(server.port(0), device_certificate.tls, "device-1"));
  EXPECT_TRUE(from_claim.connect(server.port(0), claim.tls, "device-1"));
  EXPECT_EQ(device.publish("t", "x"), ReasonCode::success);
}

TEST(ProvisioningFlow, NobodyPublishesToAnswerAndReservedTopics) {
  TestServer server;
  const auto claim = server.enroll_claim();
  for (const std::string& topic :
       {kRegister + "/accepted", kCreate + "/rejected", std::string("$aws/events/x"),
        std::string("$SYS/x"), std::string("$aws/certificates/create/JSON")}) {
    MqttDevice liar;
    MqttDevice victim;
    ASSERT_TRUE(liar.connect(server.port(0), claim.tls, "liar"));
    ASSERT_TRUE(victim.connect(server.port(1), claim.tls, "victim"));
    ASSERT_EQ(victim.subscribe("$aws/certificates/#"), ReasonCode::granted_qos_1);
    ASSERT_EQ(victim.subscribe("#"), ReasonCode::granted_qos_1);
    EXPECT_EQ(liar.publish(topic, "{}"), ReasonCode::not_authorized) << topic;
    EXPECT_EQ(liar.publish(topic, "{}", true), ReasonCode::not_authorized) << topic;
    EXPECT_TRUE(victim.hears_nothing(std::chrono::milliseconds(20))) << topic;
  }
  MqttDevice listener;
  ASSERT_TRUE(listener.connect(server.port(), claim.tls, "listener"));
  EXPECT_TRUE(mqtt::is_failure(listener.subscribe(kCreate)));
  EXPECT_TRUE(mqtt::is_failure(listener.subscribe("$SYS/#")));
}

TEST(ProvisioningFlow, WhatIsNotDurableIsNotAcknowledged) {
  TestServer server;
  const auto claim = server.enroll_claim();
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), claim.tls, "c"));
  listen(device, kFromCsr);
  listen(device, kRegister);
  const auto key = test::make_key();
  server.store.break_commits();
  std::string topic;
  ASSERT_TRUE(device.send(kFromCsr, csr_request(key)));
  json::object answer = next_object(device, &topic);
  EXPECT_EQ(topic, kFromCsr + "/rejected");
  EXPECT_EQ(answer.at("statusCode").to_number<int>(), 503);
  EXPECT_THAT(text(answer, "errorMessage"), HasSubstr("again later"));
  server.store.open();
  ASSERT_TRUE(device.send(kFromCsr, csr_request(key)));
  const std::string token = text(next_object(device), "certificateOwnershipToken");
  ASSERT_FALSE(token.empty());
  server.store.break_commits();
  ASSERT_TRUE(device.send(kRegister, register_request(token, "S1")));
  answer = next_object(device, &topic);
  EXPECT_EQ(topic, kRegister + "/rejected");
  EXPECT_EQ(answer.at("statusCode").to_number<int>(), 503);
  EXPECT_TRUE(server.all<registry::Thing>(registry::query::Things{}).empty());
  server.store.open();
  ASSERT_TRUE(device.send(kRegister, register_request(token, "S1")));
  EXPECT_EQ(text(next_object(device), "thingName"), "device-S1");
}

TEST(ProvisioningFlow, ARevokedClaimsWaitingRequestsAreNotCarriedOut) {
  TestServer server;
  const auto claim = server.enroll_claim();
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), claim.tls, "c"));
  server.store.hold_commits();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(device.send(kCreate, "{}"));
  ASSERT_EQ(device.publish("t", "x"), ReasonCode::success) << "all before it have arrived";
  ASSERT_TRUE(eventually([&] { return server.store.waiting() > 0; }));
  server.set_status(claim.id, CertificateStatus::revoked);
  EXPECT_TRUE(device.is_cut());
  server.store.open();
  server.stop();
  std::size_t made = 0;
  for (const auto& c : server.all<registry::Certificate>(registry::query::Certificates{}))
    made += c.requested_by == claim.id ? 1 : 0;
  EXPECT_LE(made, 1U) << "only the one that was in progress";
}

TEST(ProvisioningFlow, ADeviceThatDisconnectsInTheMiddleHarmsNobody) {
  TestServer server;
  const auto claim = server.enroll_claim();
  server.store.hold_commits();
  for (int i = 0; i < 10; ++i) {
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(static_cast<std::size_t>(i) % 2), claim.tls, "c"));
    ASSERT_TRUE(device.send(kCreate, "{}"));
    if (i % 2 == 0) device.lose_power();
  }
  ASSERT_TRUE(eventually([&] { return server.store.waiting() > 3; }));
  server.store.open();
  MqttDevice next;
  ASSERT_TRUE(next.connect(server.port(), claim.tls, "c"));
  listen(next, kCreate);
  ASSERT_TRUE(next.send(kCreate, "{}"));
  EXPECT_FALSE(text(next_object(next), "certificateId").empty());
}

TEST(ProvisioningFlow, OutcomesAreCountedEvenIfTheDeviceHasLeft) {
  TestServer server;
  const auto claim = server.enroll_claim();
  server.store.hold_commits();
  {
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), claim.tls, "c"));
    ASSERT_TRUE(device.send(kCreate, "{}"));
    ASSERT_TRUE(eventually([&] { return server.store.waiting() > 1; })) << "connect, and intent";
    device.lose_power();
  }
  ASSERT_TRUE(eventually(
      [&] { return server.metrics().find("imprint_mqtt_connections 0") != std::string::npos; }));
  server.store.open();
  EXPECT_TRUE(eventually([&] {
    return server.metrics().find("imprint_certificates_issued_total{") != std::string::npos;
  })) << server.metrics();
}

// ---- hooks ----

TEST(ProvisioningFlow, ASlowHookDoesNotDelayOthers) {
  std::counting_semaphore<1000> go{0};
  std::atomic<int> there = 0;
  std::atomic<int> most = 0;
  test::WebServer hook([&](const test::WebCall&) {
    const int here = ++there;
    int seen = most;
    while (here > seen && !most.compare_exchange_weak(seen, here)) {
    }
    go.acquire();
    --there;
    return test::web_answer(200, R"({"allowProvisioning":true})");
  });
  TestServer server({.hooks = {{.arn = kHookArn,
                                .url = hook.url(),
                                .timeout = std::chrono::minutes(1),
                                .concurrency = 3}}});
  server.guard(kHookArn);
  const auto claim = server.enroll_claim();
  std::vector<std::unique_ptr<Applicant>> all;
  for (std::size_t i = 0; i < 8; ++i) {
    all.push_back(std::make_unique<Applicant>(server, claim, fmt::format("W{}", i), i % 2));
    all.back()->ask();
  }
  ASSERT_TRUE(eventually([&] { return there == 3; }));
  // Both shards continue to serve meanwhile.
  const auto own = server.enroll("other");
  for (std::size_t shard : {0U, 1U}) {
    MqttDevice other;
    ASSERT_TRUE(other.connect(server.port(shard), own.tls, fmt::format("other-{}", shard)));
    ASSERT_EQ(other.subscribe("a/b"), ReasonCode::granted_qos_1);
    ASSERT_TRUE(other.send("a/b", "x"));
    EXPECT_TRUE(other.next());
  }
  go.release(1000);
  for (const auto& one : all)
    EXPECT_EQ(text(next_object(one->device), "thingName"), "device-" + one->serial);
  EXPECT_EQ(most, 3) << "the hook's concurrency limits the number of concurrent calls";
  EXPECT_THAT(server.metrics(),
              HasSubstr("imprint_hook_seconds_count{outcome=\"ok\",shadow=\"no\"} 8"));
}

TEST(ProvisioningFlow, DeniedFailedAndTimedOutAreDistinguished) {
  std::counting_semaphore<10> late{0};
  test::WebServer hook([&](const test::WebCall& call) {
    if (call.body.find("slowpoke") != std::string::npos) late.acquire();
    return call.body.find("broken") != std::string::npos
               ? test::web_answer(500, "secret")
               : test::web_answer(200, R"({"allowProvisioning":false,"secret":1})");
  });
  TestServer server(
      {.hooks = {{.arn = kHookArn, .url = hook.url(), .timeout = Milliseconds(300)}}});
  server.guard(kHookArn);
  const auto claim = server.enroll_claim();
  const struct {
    std::string serial;
    std::string outcome;
    std::string retry;
  } rows[] = {{"no", "denied", "final"},
              {"broken", "failed", "try the same request again later"},
              {"slowpoke", "timed_out", "try the same request again later"}};
  for (const auto& row : rows) {
    Applicant one(server, claim, row.serial, 0);
    one.ask();
    const json::object answer = next_object(one.device);
    EXPECT_EQ(answer.at("statusCode"), 403) << row.serial;
    EXPECT_EQ(text(answer, "errorCode"), "AccessDenied");
    EXPECT_THAT(text(answer, "errorMessage"),
                AllOf(HasSubstr(row.retry), testing::Not(HasSubstr("secret"))));
    EXPECT_THAT(
        server.metrics(),
        HasSubstr(fmt::format("imprint_hook_rejections_total{{reason=\"{}\",template=\"T\"}} 1",
                              row.outcome)));
    const auto hook_step = [&](const registry::AuditEvent& event) {
      return event.step == "hook" && event.outcome == row.outcome &&
             event.serial_number == row.serial;
    };
    EXPECT_TRUE(eventually([&] {
      return std::ranges::any_of(server.all<registry::AuditEvent>(registry::query::AuditEvents{}),
                                 hook_step);
    })) << row.outcome;
  }
  late.release(10);
}

}  // namespace
}  // namespace imprint::server
