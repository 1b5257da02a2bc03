// SPDX-License-Identifier: Apache-2.0
// Which clients get a message when the memory for queues is full.
#include "server/session_accounts.h"

#include <gmock/gmock.h>

#include "test/support/test_server.h"

namespace imprint::server {
namespace {

using mqtt::ReasonCode;
using test::MqttDevice;
using test::TestServer;

TEST(Memory, FilledByAbsentClientsLeavesRoomForConnectedOnes) {
  test::ServerOptions options;
  options.accounts = {.bytes = 400'000, .bytes_per_certificate = 400'000};
  TestServer server(options);
  const MqttDevice::Options keep{.clean_start = false, .session_expiry_seconds = 60};
  const auto client = server.enroll("c");
  {
    MqttDevice absent;
    ASSERT_TRUE(absent.connect(server.port(), client.tls, "absent", keep));
    ASSERT_EQ(absent.subscribe("kept"), ReasonCode::granted_qos_1);
    absent.disconnect();
  }
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(), client.tls, "mouth"));
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(mouth.publish("kept", std::string(50'000, 'x')));
  EXPECT_TRUE(test::eventually([&] { return server.queued_bytes() >= 250'000; }));
  MqttDevice there;
  ASSERT_TRUE(there.connect(server.port(), client.tls, "there"));
  ASSERT_EQ(there.subscribe("now"), ReasonCode::granted_qos_1);
  const std::string large(90'000, 'y');
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(mouth.publish("now", large));
    EXPECT_EQ(there.next_text(), large) << "of the same certificate, too";
    EXPECT_TRUE(test::eventually([&] { return server.queued_bytes() < 300'000; })) << "taken";
  }
}

mqtt::MessagePtr message_of(std::size_t bytes) {
  return std::make_shared<mqtt::Message>(
      mqtt::Message{.topic = "t", .payload = Bytes(bytes, std::uint8_t{'x'})});
}

TEST(Memory, OfSlowReadersLeavesRoomForTheNextMessage) {
  SessionAccounts accounts({.bytes = 80'000, .bytes_per_certificate = 80'000});
  const mqtt::Limits limits;
  const CertificateId certificate{Sha256{1}};
  const auto push = [&](mqtt::Outbox& outbox) {
    return outbox.push(message_of(5'000), mqtt::QoS::at_least_once, false, limits);
  };
  mqtt::Outbox deaf;
  deaf.begin(accounts.of(certificate));
  while (push(deaf)) {
  }
  EXPECT_LE(accounts.bytes(), 70'000U);
  mqtt::Outbox empty;
  empty.begin(accounts.of(certificate));
  EXPECT_TRUE(push(empty));
  EXPECT_FALSE(push(empty)) << "the next one waits for this one";
  mqtt::Outbox absent;
  absent.begin(accounts.of(certificate));
  absent.interrupt();
  EXPECT_FALSE(push(absent));
  EXPECT_LE(accounts.bytes(), 80'000U);
}

TEST(Memory, OfAClaimIsAQuarterOfTheTotal) {
  SessionAccounts accounts({.bytes = 80'000, .bytes_per_certificate = 8'000});
  const mqtt::Limits limits;
  const CertificateId claim{Sha256{1}};
  std::vector<mqtt::Outbox> units(20);
  for (mqtt::Outbox& unit : units) {
    unit.begin(accounts.of_claim(claim));
    while (unit.push(message_of(2'000), mqtt::QoS::at_least_once, false, limits)) {
    }
  }
  EXPECT_GT(accounts.bytes(), 8'000U) << "more than one device has";
  EXPECT_LE(accounts.bytes(), 20'000U);
  mqtt::Outbox device;
  device.begin(accounts.of(CertificateId{Sha256{2}}));
  EXPECT_TRUE(device.push(message_of(5'000), mqtt::QoS::at_least_once, false, limits));
}

}  // namespace
}  // namespace imprint::server
