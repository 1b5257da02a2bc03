// SPDX-License-Identifier: Apache-2.0
// First connections of devices whose certificates a registered CA signed.
#include <gmock/gmock.h>

#include "encoding/json.h"
#include "outcome/causes.h"
#include "test/support/factory_world.h"
#include "test/support/provisioning_talk.h"
#include "test/support/web_server.h"
#include "trail/event.h"

namespace imprint::server {
namespace {

using mqtt::QoS;
using mqtt::ReasonCode;
using registry::CertificateStatus;
using test::eventually;
using test::MqttDevice;
using testing::HasSubstr;

/// A factory, some of whose devices have certificates from CAs below its own.
struct World : test::FactoryWorld {
  using FactoryWorld::FactoryWorld;
  test::Identity make_ca(const test::Identity& issuer, const std::string& name) {
    return test::make_child(issuer, name, [this](x509::TbsCertificate& tbs) {
      tbs.not_before = server.clock.now() - test::kDay;
      tbs.not_after = server.clock.now() + test::kDay;
      tbs.extensions.basic_constraints = x509::BasicConstraints{.ca = true};
      tbs.extensions.key_usage = x509::key_cert_sign;
    });
  }
  test::Enrolled device(const std::string& name) { return make_device(name); }
};

TEST(JustInTimeFlow, ADeviceIsAdmittedAtItsFirstConnection) {
  World world;
  for (const auto version : {mqtt::Version::v3_1_1, mqtt::Version::v5}) {
    const std::string name = version == mqtt::Version::v5 ? "sensor-5" : "sensor-3";
    const auto device = world.device(name);
    MqttDevice client;
    ASSERT_TRUE(client.connect(world.server.port(), device.tls, name, {.version = version}));
    EXPECT_EQ(client.publish("news", "hello"), ReasonCode::success);
    EXPECT_EQ(world.server.certificate(device.id).status, CertificateStatus::active);
  }
  EXPECT_EQ(world.server.all<registry::Thing>(registry::query::Things{}).size(), 2U);
  EXPECT_THAT(world.server.metrics(), HasSubstr(R"(method="jitp")"));
}

TEST(JustInTimeFlow, ModeAwsDropsTheFirstConnectionAndKeepsTheNext) {
  World world;
  world.server.set({.jitp = provisioning::JitpMode::aws});
  const auto device = world.device("sensor-1");
  EXPECT_FALSE(world.connects(device, "sensor-1"));
  EXPECT_EQ(world.server.certificate(device.id).status, CertificateStatus::active);
  EXPECT_TRUE(eventually([&] {
    const auto told = world.events("connect");
    return !told.empty() && trail::read(told.back()).told.cause == "FirstConnectionDropped"_cause;
  }));
  EXPECT_TRUE(world.connects(device, "sensor-1"));
}

TEST(JustInTimeFlow, IntermediateCasAreAccepted) {
  World world;
  const test::Identity line = world.make_ca(world.ca, "Line 4");
  test::Enrolled device = world.server.make_client(line, "sensor-1");
  EXPECT_FALSE(world.connects(device, "sensor-1")) << "the server does not have the intermediate";
  device.tls.chain = {line.certificate.pem()};
  EXPECT_TRUE(world.connects(device, "sensor-1"));
  test::Enrolled second = world.server.make_client(line, "sensor-2");
  second.tls.chain = {line.certificate.pem(), world.ca.certificate.pem()};
  EXPECT_TRUE(world.connects(second, "sensor-2")) << "the CA may be sent along";
}

TEST(JustInTimeFlow, RefusesDevicesThatNoCaIntroducesAndSaysWhy) {
  struct Row {
    std::string name;
    std::function<test::Enrolled(World&)> device;
    std::string because;
  };
  const auto with_ca = [](void (*change)(registry::CaCertificate&)) {
    return [change](World& world) {
      world.set_ca(change);
      return world.device("x");
    };
  };
  const std::vector<Row> rows = {
      {"another CA",
       [](World& world) { return world.server.make_client(test::make_root("Another CA"), "x"); },
       R"(it names the issuer "CN=Another CA")"},
      {"look-alike CA",
       [](World& world) { return world.server.make_client(test::make_root("Factory CA"), "x"); },
       "no registered CA certificate signed it"},
      {"inactive", with_ca([](registry::CaCertificate& ca) { ca.is_active = false; }), "INACTIVE"},
      {"off", with_ca([](registry::CaCertificate& ca) { ca.auto_registration = false; }),
       "auto-registration is disabled"},
      {"deleted",
       [](World& world) {
         world.server.erase(registry::ca_certificate_key(world.ca.certificate.id()));
         return world.device("x");
       },
       "no registered CA certificate"},
      {"expired device",
       [](World& world) {
         const test::Identity made =
             test::make_child(world.ca, "x", [&](x509::TbsCertificate& tbs) {
               tbs.not_before = world.server.clock.now() - 3 * test::kDay;
               tbs.not_after = world.server.clock.now() - test::kDay;
             });
         return test::Enrolled{
             made.certificate.id(),
             {.certificate = made.certificate.pem(), .key = made.key.pem_pkcs8().reveal()}};
       },
       "expired"},
      {"server certificate",
       [](World& world) {
         const test::Identity made =
             test::make_child(world.ca, "x", [&](x509::TbsCertificate& tbs) {
               tbs.not_after = world.server.clock.now() + test::kDay;
               tbs.extensions.extended_key_usage = {std::string(x509::kServerAuth)};
             });
         return test::Enrolled{
             made.certificate.id(),
             {.certificate = made.certificate.pem(), .key = made.key.pem_pkcs8().reveal()}};
       },
       "purpose"},
  };
  for (const Row& row : rows) {
    World world;
    const test::Enrolled device = row.device(world);
    EXPECT_FALSE(world.connects(device, "x")) << row.name;
    EXPECT_FALSE(world.is_known(device.id)) << row.name;
    ASSERT_TRUE(eventually([&] { return !world.events("tls_handshake").empty(); })) << row.name;
    const auto detail = encoding::parse_json(world.events("tls_handshake").front().detail);
    EXPECT_THAT(std::string(detail->as_object().at("because").as_string()), HasSubstr(row.because))
        << row.name;
  }
}

/// CAs with the same name and no key identifiers, each of which signed the next; the last one signs
/// devices.
std::vector<test::Identity> namesakes(std::size_t count) {
  std::vector<test::Identity> out;
  out.push_back(test::make_root("Factory CA"));
  while (out.size() < count) {
    out.push_back(test::make_child(out.back(), "Factory CA", [](x509::TbsCertificate& tbs) {
      tbs.extensions = {.basic_constraints = x509::BasicConstraints{.ca = true},
                        .key_usage = x509::key_cert_sign};
    }));
  }
  return out;
}

/// While a chain is checked, the client has not proved anything yet, so it must not be able to
/// choose how long the check takes.
TEST(JustInTimeFlow, TheCostOfAChainIsBoundedBeforeItsKeyIsProved) {
  const struct {
    std::size_t chain;
    const char* because;
  } rows[] = {{12, "sent 13 certificates; at most 8"}, {7, "within 16 signature checks"}};
  for (const auto& row : rows) {
    World world;
    const auto chain = namesakes(row.chain);
    const test::Identity made = test::make_child(chain.back(), "x", [](x509::TbsCertificate& tbs) {
      tbs.extensions = {.key_usage = x509::digital_signature};
    });
    test::Enrolled device{
        made.certificate.id(),
        {.certificate = made.certificate.pem(), .key = made.key.pem_pkcs8().reveal()}};
    for (const test::Identity& link : chain) device.tls.chain.push_back(link.certificate.pem());
    EXPECT_FALSE(world.connects(device, "x"));
    ASSERT_TRUE(eventually([&] { return !world.events("tls_handshake").empty(); })) << row.because;
    EXPECT_THAT(world.events("tls_handshake").front().detail, HasSubstr(row.because));
  }
}

TEST(JustInTimeFlow, KeyIdentifiersFindTheSignerAmongManyNamesakes) {
  World world;
  for (int i = 0; i < 40; ++i)
    world.set_ca(test::make_root("Factory CA"), [](registry::CaCertificate&) {});
  const test::Identity line = world.make_ca(world.ca, "Line 4");
  test::Enrolled device = world.server.make_client(line, "sensor-1");
  for (int i = 0; i < 6; ++i)
    device.tls.chain.push_back(world.make_ca(world.ca, "Line 4").certificate.pem());
  device.tls.chain.push_back(line.certificate.pem());
  EXPECT_TRUE(world.connects(device, "sensor-1"));
}

TEST(JustInTimeFlow, TwoCasWithOneNameAreDistinguishedByTheirKeys) {
  World world;
  const test::Identity twin = test::make_root("Factory CA");
  world.set_ca(twin, [](registry::CaCertificate&) {});
  const auto of_twin = world.server.make_client(twin, "sensor-1");
  ASSERT_TRUE(world.connects(of_twin, "sensor-1"));
  EXPECT_EQ(world.server.certificate(of_twin.id).ca_certificate, twin.certificate.id());
  const auto of_first = world.device("sensor-2");
  ASSERT_TRUE(world.connects(of_first, "sensor-2"));
  EXPECT_EQ(world.server.certificate(of_first.id).ca_certificate, world.ca.certificate.id());
}

TEST(JustInTimeFlow, CasWithOneNameAreDistinguishedWithoutKeyIdentifiersToo) {
  World world;
  const test::Identity twin = test::make_root("Factory CA");
  world.set_ca(twin, [](registry::CaCertificate&) {});
  for (const test::Identity* ca : {&std::as_const(world).ca, &twin}) {
    const std::string name = ca == &twin ? "of-twin" : "of-first";
    const test::Identity made = test::make_child(*ca, name, [&](x509::TbsCertificate& tbs) {
      tbs.not_before = world.server.clock.now() - test::kDay;
      tbs.not_after = world.server.clock.now() + test::kDay;
      tbs.extensions.authority_key_id = {};
      tbs.extensions.subject_key_id = {};
    });
    const test::Enrolled device{
        made.certificate.id(),
        {.certificate = made.certificate.pem(), .key = made.key.pem_pkcs8().reveal()}};
    EXPECT_TRUE(world.connects(device, name)) << name;
  }
}

TEST(JustInTimeFlow, TheFirstRegisteredCaInTheChainDecides) {
  World world;
  const test::Identity line = world.make_ca(world.ca, "Line 4");
  world.set_ca(line, [](registry::CaCertificate& ca) { ca.is_active = false; });
  test::Enrolled device = world.server.make_client(line, "sensor-1");
  device.tls.chain = {line.certificate.pem()};
  EXPECT_FALSE(world.connects(device, "sensor-1")) << "though the one above it is ACTIVE";
  world.set_ca(line, [](registry::CaCertificate&) {});
  EXPECT_TRUE(world.connects(device, "sensor-1"));
  EXPECT_EQ(world.server.certificate(device.id).ca_certificate, line.certificate.id());
}

TEST(JustInTimeFlow, RegistrationIsAnnouncedAndTheDeviceConnectsOnceActivated) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) { ca.registration.reset(); });
  const auto operator_client = world.server.enroll("operator");
  MqttDevice listener;
  ASSERT_TRUE(listener.connect(world.server.port(1), operator_client.tls, "operator"));
  const std::string topic =
      "$aws/events/certificates/registered/" + world.ca.certificate.id().hex();
  ASSERT_EQ(listener.subscribe("$aws/events/certificates/registered/+"), ReasonCode::granted_qos_1);
  const auto device = world.device("sensor-1");
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(world.connects(device, "sensor-1"));
    const auto told = listener.next();
    ASSERT_TRUE(told) << i;
    EXPECT_EQ(told->message->topic, topic);
    const auto value = encoding::parse_json(as_text(told->message->payload));
    ASSERT_TRUE(value);
    const auto& event = value->as_object();
    EXPECT_EQ(event.at("certificateId").as_string(), device.id.hex());
    EXPECT_EQ(event.at("caCertificateId").as_string(), world.ca.certificate.id().hex());
    EXPECT_EQ(event.at("certificateStatus").as_string(), "PENDING_ACTIVATION");
    EXPECT_EQ(event.at("awsAccountId").as_string(), "000000000000");
    EXPECT_TRUE(event.at("timestamp").is_int64());
    EXPECT_TRUE(event.at("certificateRegistrationTimestamp").is_string());
  }
  ASSERT_TRUE(eventually([&] {
    const auto refused = world.events("connect");
    return std::ranges::any_of(refused, [](const auto& event) {
      return event.detail.find("nobody has activated it") != std::string::npos;
    });
  }));
  world.server.put(
      registry::PolicyAttachment{*PolicyName::parse("All"), registry::PolicyTarget(device.id)});
  world.server.set_status(device.id, CertificateStatus::active);
  EXPECT_TRUE(world.connects(device, "sensor-1"));
}

TEST(JustInTimeFlow, ClientsCannotPublishEventsOfTheServer) {
  World world;
  const auto client = world.server.enroll("somebody");
  MqttDevice device;
  ASSERT_TRUE(device.connect(world.server.port(), client.tls, "somebody"));
  EXPECT_NE(device.publish("$aws/events/certificates/registered/x", "{}"), ReasonCode::success);
}

TEST(JustInTimeFlow, AFailureIsExplainedAndRetried) {
  World world;
  world.set_ca([](registry::CaCertificate& ca) {
    std::string& body = ca.registration->template_body;
    body.replace(body.find(R"("All")"), 5, R"("Later")");
  });
  const auto device = world.device("sensor-1");
  EXPECT_FALSE(world.connects(device, "sensor-1"));
  ASSERT_TRUE(eventually([&] { return !world.events("just_in_time_provisioning").empty(); }));
  const auto told = world.events("just_in_time_provisioning").front();
  EXPECT_EQ(told.outcome, "rejected");
  EXPECT_THAT(told.detail, HasSubstr("aws iot create-policy --policy-name Later"));
  world.server.set_policy("Later", std::string(test::kAllowAll));
  EXPECT_TRUE(world.connects(device, "sensor-1"));
}

TEST(JustInTimeFlow, ManyFirstConnectionsOfOneDeviceMakeOneThing) {
  World world;
  const auto device = world.device("sensor-1");
  std::vector<std::thread> all;
  std::atomic<int> connected = 0;
  for (int i = 0; i < 8; ++i) {
    all.emplace_back([&, i] {
      MqttDevice client;
      if (client.connect(world.server.port(static_cast<std::size_t>(i % 2)), device.tls,
                         "c" + std::to_string(i)))
        ++connected;
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(connected, 8);
  EXPECT_EQ(world.server.all<registry::Thing>(registry::query::Things{}).size(), 1U);
  EXPECT_EQ(world.events("just_in_time_provisioning").size(), 1U);
}

TEST(JustInTimeFlow, AHookThatFailsForDevicesOfOneCaIsCalledForOthers) {
  test::WebServer hook([](const test::WebCall& call) {
    return call.body.find("leaked-") != std::string::npos
               ? test::web_answer(500, "")
               : test::web_answer(200, R"({"allowProvisioning":true})");
  });
  World world({.hooks = {{.arn = test::kHookArn,
                          .url = hook.url(),
                          .breaker_failures = 3,
                          .breaker_pause = std::chrono::hours(1)}}});
  provisioning::Settings settings{.key_algorithm = x509::KeyAlgorithm::ec_p256};
  settings.jitp_hook = test::kHookArn;
  world.server.set(settings);
  world.server.guard(test::kHookArn);
  const test::Identity other = test::make_root("Other CA");
  world.set_ca(other, [](registry::CaCertificate&) {});
  // The holder of a CA's key can make a new certificate for each attempt.
  for (int i = 0; i < 8; ++i) {
    const std::string name = fmt::format("leaked-{}", i);
    EXPECT_FALSE(world.connects(world.device(name), name));
  }
  EXPECT_EQ(hook.calls(), 3) << "that CA's devices rest";
  EXPECT_TRUE(world.connects(world.server.make_client(other, "unit-1"), "unit-1"));
  test::Applicant applicant(world.server, world.server.enroll_claim(), "S1", 0);
  applicant.ask();
  EXPECT_EQ(test::text(test::next_object(applicant.device), "thingName"), "device-S1");
}

}  // namespace
}  // namespace imprint::server
