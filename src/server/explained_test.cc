// SPDX-License-Identifier: Apache-2.0
// Every refusal or cut of a device leaves an event with its cause, and the advice follows from that
// cause and fixes it. Tested with devices over TLS and MQTT, and with the judgement of `imprint
// explain`.
#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "encoding/json.h"
#include "story/judgement.h"
#include "story/sentences.h"
#include "test/support/shell.h"
#include "test/support/test_server.h"
#include "x509/csr.h"
#include "x509/digest.h"

namespace imprint::server {
namespace {

using registry::AuditEvent;
using registry::CertificateStatus;
using story::Standing;
using test::eventually;
using test::MqttDevice;
using testing::HasSubstr;
using testing::Not;

constexpr auto kOldMqtt = mqtt::Version::v3_1_1;

const std::string kKeys = "$aws/certificates/create/json";
const std::string kMistyped = "$aws/provisioning-templates/Tx/provision/json";

/// A claim for template T only.
constexpr std::string_view kClaimPolicy = R"({"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
  {"Effect":"Allow","Action":["iot:Publish","iot:Receive"],"Resource":[
    "arn:aws:iot:*:*:topic/$aws/certificates/create/*",
    "arn:aws:iot:*:*:topic/$aws/provisioning-templates/T/provision/*"]},
  {"Effect":"Allow","Action":"iot:Subscribe","Resource":[
    "arn:aws:iot:*:*:topicfilter/$aws/certificates/create/*",
    "arn:aws:iot:*:*:topicfilter/$aws/provisioning-templates/T/provision/*"]}]})";

std::string text16(std::string_view text) {
  std::string out;
  out.push_back(static_cast<char>(text.size() >> 8U));
  out.push_back(static_cast<char>(text.size() & 0xFFU));
  return out + std::string(text);
}
/// A whole packet: first byte, remaining length, body.
std::string packet_of(unsigned first, const std::string& body) {
  std::string out(1, static_cast<char>(first));
  std::size_t left = body.size();
  do {
    out.push_back(static_cast<char>((left & 0x7FU) | (left > 0x7FU ? 0x80U : 0U)));
    left >>= 7U;
  } while (left > 0);
  return out + body;
}
std::string publish_of(std::string_view topic, const std::string& payload = "x",
                       unsigned first = 0x32) {
  return packet_of(first, text16(topic) + std::string("\0\1", 2) + payload);
}
std::string connect_of(std::string_view name, char level, char flags, std::string_view client) {
  const std::string head = text16(name) + level + flags + std::string("\0\x3c", 2);
  return packet_of(0x10, head + text16(client));
}
/// An MQTT 5 CONNECT with these properties.
std::string connect5_of(const std::string& properties) {
  const std::string head = text16("MQTT") + "\5\2" + std::string("\0\x3c", 2);
  return packet_of(0x10, head + static_cast<char>(properties.size()) + properties + text16("d"));
}

struct Explained : testing::Test {
  /// All audit events about the certificate.
  std::vector<AuditEvent> events_of(const CertificateId& id) {
    return server.all<AuditEvent>(registry::query::AuditEvents{.certificate = id.hex()});
  }
  story::Judgement judgement(const CertificateId& id) {
    story::DeviceFacts facts{.now = server.clock.now()};
    for (const auto& record : server.all<registry::Certificate>(registry::query::Certificates{})) {
      if (record.id == id) facts.certificate = record;
    }
    return story::judge(trail::read(events_of(id)), facts);
  }
  /// Waits until an event with that cause has been recorded.
  bool await_cause(const CertificateId& id, std::string_view wanted) {
    return eventually([&] {
      const auto events = events_of(id);
      return std::ranges::any_of(events, [&](const AuditEvent& event) {
        return event.detail.find(fmt::format(R"("cause":"{}")", wanted)) != std::string::npos;
      });
    });
  }
  void expect(const CertificateId& id, std::string_view wanted, const std::string& advice,
              const std::string& name) {
    ASSERT_TRUE(await_cause(id, wanted)) << name << ": " << wanted;
    const story::Judgement judged = judgement(id);
    EXPECT_EQ(judged.standing, Standing::bad) << name;
    EXPECT_THAT(judged.next, HasSubstr(advice)) << name;
  }
  test::Enrolled enroll_claim() {
    server.set_policy("Claim", std::string(kClaimPolicy));
    return server.enroll("claim", "Claim", [](registry::Certificate& record) {
      record.purpose = registry::CertificatePurpose::claim;
    });
  }
  double failures(const std::string& method, const std::string& category) {
    const std::string series = fmt::format(
        R"(imprint_provisioning_failure_total{{category="{}",method="{}",template=""}} )", category,
        method);
    const std::string all = server.metrics();
    const auto at = all.find(series);
    return at == std::string::npos ? 0 : std::stod(all.substr(at + series.size()));
  }

  test::TestServer server;
};

TEST_F(Explained, AProtocolFaultIsABadOutcomeWithARemedy) {
  const struct {
    const char* name;
    std::string packet;
    std::string_view why;
    const char* advice;
  } rows[] = {
      {"QoS 2", publish_of("a", "x", 0x34), "QosNotSupported", "QoS 0 or 1"},
      {"too large", publish_of("a", std::string(140'000, 'x')), "PacketTooLarge", "128 KiB"},
      {"too deep", publish_of("a/b/c/d/e/f/g/h/i"), "TopicNotValid", "7 slashes"},
      {"a wildcard", publish_of("a/+"), "TopicNotValid", "without + and #"},
      {"nine filters",
       packet_of(
           0x82, std::string("\0\1", 2) +
                     [] {
                       std::string filters;
                       for (int i = 0; i < 9; ++i)
                         filters += text16("a" + std::to_string(i)) + '\1';
                       return filters;
                     }()),
       "QuotaExceeded", "8 filters"},
      {"no UTF-8", publish_of("\xff\xfe"), "MalformedPacket", "not UTF-8"},
      {"CONNECT twice", connect_of("MQTT", 4, 2, "x"), "ProtocolError", "a new connection"},
      {"no packet type", packet_of(0, ""), "MalformedPacket", "malformed packets"},
  };
  for (const auto& row : rows) {
    const test::Enrolled device = server.enroll(row.name);
    MqttDevice client;
    ASSERT_TRUE(client.connect(server.port(), device.tls, "d", {.version = kOldMqtt})) << row.name;
    ASSERT_TRUE(client.socket().write(row.packet)) << row.name;
    expect(device.id, row.why, row.advice, row.name);
  }
}

TEST_F(Explained, ASubscriptionIdentifierIsABadOutcomeWithARemedy) {
  const test::Enrolled device = server.enroll("identifier");
  MqttDevice client;
  ASSERT_TRUE(client.connect(server.port(), device.tls, "d"));
  ASSERT_TRUE(
      client.socket().write(packet_of(0x82, std::string("\0\1\2\x0b\1", 5) + text16("a") + '\1')));
  expect(device.id, "SubscriptionIdentifier", "Turn subscription identifiers off", "identifier");
}

TEST_F(Explained, ACertificateDeletedDuringConnectIsTheCauseOfTheDenial) {
  const test::Enrolled device = server.enroll("deleted");
  MqttDevice client;
  ASSERT_TRUE(client.open(server.port(), device.tls));
  server.store.hold_lists();
  client.send_connect("d", {});
  ASSERT_TRUE(eventually([&] { return server.store.waiting() == 1; }));
  server.erase(registry::certificate_key(device.id));
  server.store.open();
  EXPECT_FALSE(client.await_connack());
  EXPECT_TRUE(await_cause(device.id, "CertificateDeleted"));
}

TEST_F(Explained, ALostConnectionIsNotTheDevicesFault) {
  const test::Enrolled device = server.enroll("d");
  MqttDevice client;
  ASSERT_TRUE(client.connect(server.port(), device.tls, "d"));
  client.lose_power();
  ASSERT_TRUE(eventually([&] { return events_of(device.id).size() == 2; }));
  EXPECT_EQ(judgement(device.id).standing, Standing::good);
}

TEST_F(Explained, ARefusedConnectLeavesAnEventWithCertificateCauseAndRemedy) {
  const struct {
    const char* name;
    std::string bytes;
    std::string_view why;
    const char* advice;
  } rows[] = {
      {"MQTT 3.1", connect_of("MQIsdp", 3, 2, "d"), "ProtocolVersion", "MQTT 3.1.1"},
      {"MQTT 6", connect_of("MQTT", 6, 2, "d"), "ProtocolVersion", "MQTT 3.1.1"},
      {"no client id", connect_of("MQTT", 4, 0, ""), "ClientIdNotValid", "clean session"},
      {"a long client id", connect_of("MQTT", 4, 2, std::string(200, 'x')), "ClientIdNotValid",
       "1 to 128 bytes"},
      {"an authentication method", connect5_of("\x15" + text16("SCRAM")), "EnhancedAuthentication",
       "Turn enhanced authentication off"},
      {"tiny packets", connect5_of(std::string("\x27\0\0\0\x0a", 5)), "MaximumPacketSize",
       "at least 512 bytes"},
      {"HTTP", "GET / HTTP/1.1\r\n\r\n", "NotMqtt", "begin with CONNECT"},
      {"PUBLISH first", publish_of("a"), "NotMqtt", "begin with CONNECT"},
  };
  for (const auto& row : rows) {
    const test::Enrolled device = server.enroll(row.name);
    server.attach_thing("t", device.id);
    test::TlsSocket socket;
    ASSERT_TRUE(socket.connect(server.port(), device.tls)) << row.name;
    ASSERT_TRUE(socket.write(row.bytes)) << row.name;
    expect(device.id, row.why, row.advice, row.name);
    const auto events = events_of(device.id);
    ASSERT_EQ(events.size(), 1U) << row.name;
    EXPECT_EQ(events[0].step, "connect");
    EXPECT_EQ(events[0].outcome, "denied");
    EXPECT_EQ(events[0].thing, "t") << "so that explain --thing finds it";
  }
}

TEST_F(Explained, ARefusedConnectWithAClaimIsAFailure) {
  const test::Enrolled claim = enroll_claim();
  test::TlsSocket socket;
  ASSERT_TRUE(socket.connect(server.port(), claim.tls));
  ASSERT_TRUE(socket.write(connect_of("MQIsdp", 3, 2, "d")));
  ASSERT_TRUE(await_cause(claim.id, "ProtocolVersion"));
  const auto events = events_of(claim.id);
  EXPECT_EQ(events[0].refused_for, outcome::FailureCategory::protocol_fault);
  EXPECT_TRUE(trail::read(events[0]).told.is_of_claim)
      << "so that it is in no other device's story";
  EXPECT_EQ(failures("connect", "protocol-fault"), 1);
}

TEST_F(Explained, EachDenialOfAConnectHasItsOwnRemedy) {
  const std::string deny = R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:*","Resource":"*"},
    {"Effect":"Deny","Action":"iot:Connect","Resource":"*"}]})";
  const std::string own_name = R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect",
     "Resource":"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"}]})";
  const std::string from_afar = R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect","Resource":"*",
     "Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]})";
  const std::string other = R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/other"}]})";
  const std::string nowhere = R"({"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]})";
  const struct {
    const char* name;
    std::string policy;
    std::string_view why;
    const char* advice;
  } rows[] = {
      {"none", "", "NoPolicy", "attach-policy"},
      {"deny", deny, "PolicyDenies", "no Allow can override"},
      {"no-thing", own_name, "VariableWithoutValue", "attach-thing-principal"},
      {"condition", from_afar, "ConditionNotMet", "does not meet a condition"},
      {"other-id", other, "NoStatement", "another client id"},
      {"will", nowhere, "LastWill", "last will"},
  };
  for (const auto& row : rows) {
    const test::Enrolled device = server.enroll(row.name);
    server.erase(registry::key_of(registry::Record(
        registry::PolicyAttachment{*PolicyName::parse("All"), registry::PolicyTarget(device.id)})));
    if (!row.policy.empty()) {
      server.set_policy(row.name, row.policy);
      server.put(registry::PolicyAttachment{*PolicyName::parse(row.name),
                                            registry::PolicyTarget(device.id)});
    }
    const mqtt::Will will{
        .message = std::make_shared<mqtt::Message>(mqtt::Message{.topic = "w", .payload = {'x'}})};
    MqttDevice client;
    EXPECT_FALSE(client.connect(server.port(), device.tls, "d", {.will = will})) << row.name;
    expect(device.id, row.why, row.advice, row.name);
  }
}

TEST_F(Explained, TheReasonForARefusalMayNoLongerHold) {
  const auto now = server.clock.now();
  const auto ended = server.enroll(
      "ended", "All", [&](registry::Certificate& record) { record.not_after = now - Seconds(1); });
  const auto early = server.enroll(
      "early", "All", [&](registry::Certificate& record) { record.not_before = now + test::kDay; });
  const auto idle = server.enroll("idle", "All", [&](registry::Certificate& record) {
    record.status = CertificateStatus::inactive;
  });
  for (const auto* device : {&ended, &early, &idle}) {
    MqttDevice client;
    EXPECT_FALSE(client.connect(server.port(), device->tls, "d"));
  }
  expect(ended.id, "CertificateExpired", "has expired", "ended");
  expect(early.id, "CertificateNotYetValid", "begins later", "early");
  expect(idle.id, "CertificateOutOfUse", "--new-status ACTIVE", "idle");
  server.set_status(idle.id, CertificateStatus::active);
  const story::Judgement after = judgement(idle.id);
  EXPECT_EQ(after.standing, Standing::waiting);
  EXPECT_THAT(after.next, HasSubstr("is over"));
}

/// A device gets its certificate and then publishes to the wrong topic.
TEST_F(Explained, AMistypedTemplateIsExplainedAndCountsAsAFailure) {
  const test::Enrolled claim = enroll_claim();
  int units = 0;
  for (const std::string& topic :
       {kMistyped, std::string("$aws/provisioning-templates/T/provision/json/accepted"),
        std::string("$aws/certificate/create/json")}) {
    const std::string client_id = fmt::format("unit-{}", ++units);
    MqttDevice unit;
    ASSERT_TRUE(unit.connect(server.port(), claim.tls, client_id, {.version = kOldMqtt}));
    ASSERT_EQ(unit.subscribe(kKeys + "/accepted"), mqtt::ReasonCode::granted_qos_1);
    ASSERT_TRUE(unit.send(kKeys, "{}"));
    ASSERT_TRUE(unit.next().has_value());
    ASSERT_TRUE(unit.send(topic, "{}"));
    EXPECT_TRUE(unit.is_cut());
    std::vector<AuditEvent> told;
    ASSERT_TRUE(eventually([&] {
      told = server.all<AuditEvent>(registry::query::AuditEvents{.client = client_id});
      return !told.empty() && told.back().step == "disconnect";
    })) << topic;
    const std::vector<trail::Event> story = trail::read(told);
    const trail::Event* decisive = story::decisive_event(story);
    ASSERT_NE(decisive, nullptr);
    EXPECT_TRUE(decisive->is("publish"_step)) << topic;
    EXPECT_EQ(decisive->told.category, outcome::FailureCategory::topic_refused) << topic;
    const auto left = std::ranges::find(told, "left_unregistered", &AuditEvent::step);
    ASSERT_NE(left, told.end());
    EXPECT_THAT(left->detail, HasSubstr("the server ended the connection"));
    EXPECT_FALSE(left->refused_for) << "one failure is counted once";
    const auto judged = story::judge(
        story, {.certificate = server.certificate(claim.id), .now = server.clock.now()});
    EXPECT_EQ(judged.standing, Standing::bad);
    EXPECT_THAT(judged.next, Not(HasSubstr("setBufferSize"))) << topic;
  }
  EXPECT_EQ(failures("publish", "topic-refused"), 3);
  EXPECT_EQ(failures("disconnect", "left-unregistered"), 0);
}

TEST_F(Explained, ADeviceThatLeavesWithAnUnregisteredCertificateIsAFailure) {
  const test::Enrolled claim = enroll_claim();
  MqttDevice unit;
  ASSERT_TRUE(unit.connect(server.port(), claim.tls, "unit"));
  ASSERT_EQ(unit.subscribe(kKeys + "/accepted"), mqtt::ReasonCode::granted_qos_1);
  ASSERT_TRUE(unit.send(kKeys, "{}"));
  ASSERT_TRUE(unit.next().has_value());
  unit.disconnect();
  EXPECT_TRUE(eventually([&] { return failures("disconnect", "left-unregistered") == 1; }));
}

TEST_F(Explained, ARequestWithRetainIsExplained) {
  const test::Enrolled claim = enroll_claim();
  MqttDevice unit;
  ASSERT_TRUE(unit.connect(server.port(), claim.tls, "unit"));
  EXPECT_NE(unit.publish(kKeys, "{}", true), mqtt::ReasonCode::success);
  expect(claim.id, "Retain", "without RETAIN", "retain");
}

TEST_F(Explained, ReservedTopicsAreNotBlamedOnAPolicy) {
  for (const char* topic : {"$share/g/a", "$aws/things", "$SYS/x"}) {
    const test::Enrolled device = server.enroll("d");
    MqttDevice client;
    ASSERT_TRUE(client.connect(server.port(), device.tls, "d"));
    EXPECT_NE(client.publish(topic, "x"), mqtt::ReasonCode::success) << topic;
    expect(device.id, "ReservedTopic", "must use another", topic);
  }
}

TEST_F(Explained, SubscriptionsToUnsupportedEventsAreExplained) {
  const test::Enrolled device = server.enroll("d");
  MqttDevice client;
  ASSERT_TRUE(client.connect(server.port(), device.tls, "d"));
  EXPECT_EQ(client.subscribe("$aws/events/presence/connected/+"), mqtt::ReasonCode::granted_qos_1);
  EXPECT_EQ(client.subscribe("$aws/events/subscriptions/#"), mqtt::ReasonCode::granted_qos_1);
  EXPECT_EQ(client.subscribe("$aws/events/certificates/#"), mqtt::ReasonCode::granted_qos_1);
  ASSERT_TRUE(eventually([&] { return events_of(device.id).size() >= 2; }));
  const auto events = events_of(device.id);
  EXPECT_EQ(std::ranges::count(events, "service", &AuditEvent::step), 1);
  EXPECT_THAT(story::sentence_of(trail::read(events.back())), HasSubstr("subscribed to"));
  EXPECT_THAT(judgement(device.id).next, HasSubstr("events that this server does not send"));
}

// ---- the handshake ----

/// The same certificate, but signed with SHA-1 by the same key.
std::string signed_with_sha1(const std::string& pem, const test::Identity& issuer) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
  const std::string key_pem(issuer.key.pem_pkcs8().reveal());
  const std::unique_ptr<BIO, decltype(&BIO_free)> key_in(
      BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  EXPECT_GT(X509_sign(certificate.get(), key.get(), EVP_sha1()), 0);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(out.get(), certificate.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// An RSA key with the exponent 3.
x509::PrivateKey key_with_a_small_exponent() {
  const test::ScratchFolder folder;
  const auto made = test::shell(folder,
                                "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 "
                                "-pkeyopt rsa_keygen_pubexp:3 -out k.pem");
  EXPECT_EQ(made.exit_code, 0) << made.output;
  return *x509::PrivateKey::from_pem(test::slurp(folder / "k.pem"));
}

struct ExplainedFirstConnection : Explained {
  void put_ca(bool is_active = true) {
    server.put(registry::CaCertificate{.id = ca.certificate.id(),
                                       .pem = ca.certificate.pem(),
                                       .is_active = is_active,
                                       .auto_registration = true,
                                       .subject = x509::sha256(ca.certificate.subject().der()),
                                       .not_after = ca.certificate.not_after(),
                                       .version = ++version});
  }
  template <class Change>
  test::Enrolled device(Change change) {
    const test::Identity made = test::make_child(ca, "d", [&](x509::TbsCertificate& tbs) {
      tbs.serial = test::serial(++last_serial);
      tbs.not_before = server.clock.now() - test::kDay;
      tbs.not_after = server.clock.now() + test::kDay;
      tbs.extensions.key_usage = x509::digital_signature;
      change(tbs);
    });
    return {made.certificate.id(),
            {.certificate = made.certificate.pem(), .key = made.key.pem_pkcs8().reveal()}};
  }
  AuditEvent refused(const test::Enrolled& one) {
    MqttDevice client;
    EXPECT_FALSE(client.connect(server.port(), one.tls, "d"));
    ++seen;
    std::vector<AuditEvent> told;
    EXPECT_TRUE(eventually([&] {
      told = server.all<AuditEvent>(registry::query::AuditEvents{});
      return told.size() == seen;
    }));
    return told.empty() ? AuditEvent{} : told.back();
  }
  void expect_refused(const test::Enrolled& one, std::string_view why, const std::string& advice) {
    const AuditEvent event = refused(one);
    EXPECT_EQ(event.step, "tls_handshake");
    EXPECT_THAT(event.detail, HasSubstr(fmt::format(R"("cause":"{}")", why))) << advice;
    EXPECT_EQ(event.refused_for, outcome::FailureCategory::handshake_refused);
    const auto judged = story::judge({trail::read(event)}, {.now = server.clock.now()});
    EXPECT_THAT(judged.next, HasSubstr(advice));
    EXPECT_THAT(judged.next, Not(HasSubstr("register-certificate-without-ca"))) << why;
  }

  test::Identity ca = test::make_root("Factory CA");
  std::int64_t version = 0;
  std::uint64_t last_serial = 100;
  std::size_t seen = 0;
};

TEST_F(ExplainedFirstConnection, EachUnusableCertificateHasItsOwnRemedy) {
  put_ca();
  const auto now = server.clock.now();
  expect_refused(device([&](auto& tbs) { tbs.not_after = now - Seconds(1); }), "CertificateExpired",
                 "needs a new one");
  expect_refused(device([&](auto& tbs) { tbs.not_before = now + std::chrono::hours(1); }),
                 "CertificateNotYetValid", "compare that clock");
  expect_refused(device([](auto& tbs) {
                   tbs.extensions.extended_key_usage = {std::string(x509::kServerAuth)};
                 }),
                 "ChainNotAccepted", "Issue it anew");
  test::Enrolled weak = device([](auto&) {});
  const auto key = key_with_a_small_exponent();
  weak.tls = {.certificate = test::make_child(ca, "weak", key, [](auto&) {}).pem(),
              .key = key.pem_pkcs8().reveal()};
  expect_refused(weak, "KeyNotAccepted", "another key");
  test::Enrolled old = device([](auto&) {});
  old.tls.certificate = signed_with_sha1(old.tls.certificate, ca);
  expect_refused(old, "SignatureNotAccepted", "SHA-256");
  put_ca(false);
  expect_refused(device([](auto&) {}), "CaNotInUse", "what the sentence says");
  EXPECT_EQ(failures("handshake", "handshake-refused"), 6);
}

TEST_F(ExplainedFirstConnection, WithoutACaTheRemedyIsStillToRegister) {
  const AuditEvent event = refused(device([](auto&) {}));
  EXPECT_THAT(event.detail, HasSubstr(R"("cause":"unknown-certificate")"));
  const auto judged = story::judge({trail::read(event)}, {.now = server.clock.now()});
  EXPECT_THAT(judged.next, HasSubstr("register-certificate-without-ca"));
}

TEST_F(ExplainedFirstConnection, PlainHttpAtTheMqttPortIsRecorded) {
  test::TlsSocket socket;
  ASSERT_TRUE(socket.open(server.port()));
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_EQ(::send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  ASSERT_TRUE(eventually([&] {
    const auto told = server.all<AuditEvent>(registry::query::AuditEvents{});
    return !told.empty() && told.back().detail.find("does not speak TLS") != std::string::npos;
  }));
}

}  // namespace
}  // namespace imprint::server
