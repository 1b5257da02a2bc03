// SPDX-License-Identifier: Apache-2.0
// Who owns a session that outlives its connection, and how much it may hold.
#include <gmock/gmock.h>

#include "test/support/rights.h"

namespace imprint::server {
namespace {

using mqtt::QoS;
using mqtt::ReasonCode;
using registry::CertificateStatus;
using test::eventually;
using test::kKeep;
using test::kShort;
using test::kV3;
using test::MqttDevice;
using test::TestServer;

TEST(ParkedSession, IsProtectedLikeAConnectedOne) {
  TestServer server;
  const auto owner = server.enroll("owner");
  const auto other = server.enroll("other");
  server.attach_thing("device-1", owner.id);
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(0), other.tls, "mouth"));
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), owner.tls, "device-1", kKeep));
  ASSERT_EQ(device.subscribe("in"), ReasonCode::granted_qos_1);
  device.disconnect();
  ASSERT_TRUE(mouth.publish("in", "kept"));
  for (const std::size_t shard : {0U, 1U}) {
    MqttDevice intruder;
    EXPECT_FALSE(intruder.connect(server.port(shard), other.tls, "device-1"));
    EXPECT_TRUE(intruder.refused);
  }
  MqttDevice back;
  ASSERT_TRUE(back.connect(server.port(1), owner.tls, "device-1", kKeep));
  EXPECT_TRUE(back.connected->session_present);
  EXPECT_EQ(back.next_text(), "kept");
}

TEST(ParkedSession, OfARevokedCertificateProtectsNobody) {
  TestServer server;
  const auto owner = server.enroll("owner");
  const auto other = server.enroll("other");
  server.attach_thing("device-1", owner.id);
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), owner.tls, "device-1", kKeep));
  device.disconnect();
  server.set_status(owner.id, CertificateStatus::revoked);
  MqttDevice next;
  EXPECT_TRUE(next.connect(server.port(1), other.tls, "device-1", kKeep));
  EXPECT_FALSE(next.connected->session_present);
}

TEST(ParkedSession, SurvivesTwoConcurrentReconnects) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(0), client.tls, "mouth"));
  MqttDevice first;
  ASSERT_TRUE(first.connect(server.port(0), client.tls, "c", kKeep));
  ASSERT_EQ(first.subscribe("t"), ReasonCode::granted_qos_1);
  first.disconnect();
  for (std::size_t round = 0; round < 60; ++round) {
    std::vector<MqttDevice> rivals(4);
    for (std::size_t i = 0; i < rivals.size(); ++i)
      ASSERT_TRUE(rivals[i].open(server.port((i + round) % 2), client.tls));
    for (MqttDevice& rival : rivals) rival.send_connect("c", kKeep);
    for (MqttDevice& rival : rivals) std::ignore = rival.await_connack();
    ASSERT_TRUE(mouth.publish("t", "x"));
    ASSERT_TRUE(eventually([&] {
      return std::ranges::any_of(rivals, [](MqttDevice& rival) {
        return rival.next(std::chrono::milliseconds(1)).has_value();
      });
    })) << "in round "
        << round;
    for (MqttDevice& rival : rivals) rival.disconnect();
  }
}

TEST(CleanSession, IsNotResumedAfterATakeover) {
  TestServer server;
  const auto client = server.enroll("c");
  for (const auto version : {kV3, mqtt::Version::v5}) {
    MqttDevice first;
    ASSERT_TRUE(first.connect(server.port(0), client.tls, "c", {.version = version}));
    ASSERT_EQ(first.subscribe("t"), ReasonCode::granted_qos_1);
    MqttDevice second;
    ASSERT_TRUE(
        second.connect(server.port(1), client.tls, "c",
                       {.version = version, .clean_start = false, .session_expiry_seconds = 60}));
    EXPECT_FALSE(second.connected->session_present);
    MqttDevice mouth;
    ASSERT_TRUE(mouth.connect(server.port(0), client.tls, "mouth"));
    ASSERT_TRUE(mouth.publish("t", "x"));
    EXPECT_TRUE(second.hears_nothing());
    second.disconnect();
    MqttDevice clean;
    ASSERT_TRUE(clean.connect(server.port(0), client.tls, "c", {.version = version}));
  }
}

TEST(Memory, OfSessionsIsBoundedPerCertificateAndInTotal) {
  test::ServerOptions options;
  options.accounts = {
      .bytes = 600'000, .bytes_per_certificate = 300'000, .sessions_per_certificate = 4};
  TestServer server(options);
  const auto speaker = server.enroll("s");
  const auto park = [&](const test::Enrolled& client, const std::string& id) {
    MqttDevice device;
    EXPECT_TRUE(device.connect(server.port(), client.tls, id, kKeep));
    EXPECT_EQ(device.subscribe("in/" + id), ReasonCode::granted_qos_1);
    device.disconnect();
  };
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(), speaker.tls, "mouth"));
  const auto greedy = server.enroll("greedy");
  for (int i = 0; i < 8; ++i) park(greedy, fmt::format("g{}", i));
  EXPECT_TRUE(eventually([&] { return server.sessions() == 5; })) << "four, and the speaker";
  const std::string payload(50'000, 'x');
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(mouth.publish(fmt::format("in/g{}", i), payload));
  }
  EXPECT_LE(server.queued_bytes(), 300'000U);
  EXPECT_GE(server.queued_bytes(), 200'000U);
  const auto modest = server.enroll("modest");
  park(modest, "m");
  ASSERT_TRUE(mouth.publish("in/m", payload));
  MqttDevice back;
  ASSERT_TRUE(back.connect(server.port(), modest.tls, "m", kKeep));
  EXPECT_EQ(back.next_text(), payload) << "one certificate leaves room for others";
  for (int i = 0; i < 4; ++i) {
    const auto more = server.enroll("more");
    park(more, fmt::format("x{}", i));
    for (int n = 0; n < 4; ++n) EXPECT_TRUE(mouth.publish(fmt::format("in/x{}", i), payload));
  }
  EXPECT_LE(server.queued_bytes(), 600'000U);
  for (int i = 0; i < 8; ++i) {
    MqttDevice clean;
    ASSERT_TRUE(clean.connect(server.port(), greedy.tls, fmt::format("g{}", i)));
  }
  for (int i = 0; i < 4; ++i) {
    MqttDevice clean;
    ASSERT_TRUE(clean.connect(server.port(), speaker.tls, fmt::format("x{}", i)));
  }
  EXPECT_TRUE(eventually([&] { return server.queued_bytes() == 0; })) << "all memory is released";
}

TEST(Memory, CountsASharedMessageOnce) {
  test::ServerOptions options;
  options.accounts = {
      .bytes = 200'000, .bytes_per_certificate = 200'000, .sessions_per_certificate = 10};
  TestServer server(options);
  for (int i = 0; i < 20; ++i) {
    const auto client = server.enroll("c");
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), client.tls, fmt::format("c{}", i), kKeep));
    ASSERT_EQ(device.subscribe("all"), ReasonCode::granted_qos_1);
    device.disconnect();
  }
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(), server.enroll("s").tls, "mouth"));
  ASSERT_TRUE(mouth.publish("all", std::string(100'000, 'x')));
  EXPECT_GT(server.queued_bytes(), 100'000U);
  EXPECT_LT(server.queued_bytes(), 110'000U);
}

TEST(SharedSubscription, GoesToConnectedMembers) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice parked;
  ASSERT_TRUE(parked.connect(server.port(0), client.tls, "parked", kKeep));
  ASSERT_EQ(parked.subscribe("$share/g/work"), ReasonCode::granted_qos_1);
  MqttDevice there;
  ASSERT_TRUE(there.connect(server.port(1), client.tls, "there", kKeep));
  ASSERT_EQ(there.subscribe("$share/g/work"), ReasonCode::granted_qos_1);
  parked.disconnect();
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(1), client.tls, "mouth"));
  ASSERT_TRUE(eventually([&] {
    while (parked.next(std::chrono::milliseconds(1))) {
    }
    return true;
  }));
  // It may take a moment until all shards know that a connection has closed.
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(mouth.send("work", "probe", QoS::at_most_once));
    int heard = 0;
    while (heard < 4 && there.next(kShort)) ++heard;
    return heard == 4;
  }));
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(mouth.send("work", std::to_string(i), QoS::at_most_once));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(there.next_text(), std::to_string(i));
}

TEST(SharedSubscription, HandsOverTheQueueOfAnEndedSession) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice leaves;
  ASSERT_TRUE(leaves.connect(server.port(0), client.tls, "leaves", kKeep));
  ASSERT_EQ(leaves.subscribe("$share/g/work"), ReasonCode::granted_qos_1);
  leaves.disconnect();
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(1), client.tls, "mouth"));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(mouth.publish("work", std::to_string(i)));
  MqttDevice stays;
  ASSERT_TRUE(stays.connect(server.port(1), client.tls, "stays"));
  ASSERT_EQ(stays.subscribe("$share/g/work"), ReasonCode::granted_qos_1);
  EXPECT_TRUE(stays.hears_nothing()) << "queued messages belong to the session";
  MqttDevice clean;
  ASSERT_TRUE(clean.connect(server.port(0), client.tls, "leaves"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(stays.next_text(), std::to_string(i));
}

}  // namespace
}  // namespace imprint::server
