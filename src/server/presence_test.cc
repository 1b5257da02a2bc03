// SPDX-License-Identifier: Apache-2.0
#include "server/presence.h"

#include <gmock/gmock.h>

#include "test/support/fake_clock.h"
#include "test/support/test_server.h"

namespace imprint::server {
namespace {

using std::chrono::seconds;
using test::eventually;
using test::MqttDevice;

const CertificateId kKey{Sha256{1}};

identity::LiveConnection from(std::string address) {
  return {.client_id = "device", .address = std::move(address), .since = {}};
}

struct World {
  test::FakeClock clock;
  PresenceWatch watch{clock};
};

TEST(PresenceWatch, IgnoresADeviceThatMoved) {
  World world;
  const auto first = world.watch.arrived(kKey, from("10.0.0.1"));
  const auto second = world.watch.arrived(kKey, from("10.0.0.2"));
  EXPECT_FALSE(second.twin);
  world.clock.advance(seconds(1));
  EXPECT_TRUE(first.presence->is_contested);
  EXPECT_FALSE(world.watch.spoke(first.presence)) << "data that was still in flight";
  world.watch.left(first.presence);
  EXPECT_FALSE(second.presence->is_contested);
}

TEST(PresenceWatch, ListsConnectionsWatchedOrNot) {
  World world;
  const auto first = world.watch.arrived(kKey, from("10.0.0.1"), false);
  const auto second = world.watch.arrived(kKey, from("10.0.0.2"), false);
  EXPECT_FALSE(first.presence->is_contested) << "an operator's key may be used in many places";
  world.watch.left(first.presence);
  ASSERT_TRUE(world.watch.newest_of(kKey));
  EXPECT_EQ(world.watch.newest_of(kKey)->address, "10.0.0.2");
  EXPECT_FALSE(world.watch.newest_of(CertificateId{Sha256{2}}));
  world.watch.left(second.presence);
  EXPECT_FALSE(world.watch.newest_of(kKey));
}

TEST(PresenceWatch, DetectsAKeyThatKeepsSendingFromTwoPlaces) {
  World world;
  const auto first = world.watch.arrived(kKey, from("10.0.0.1"));
  const auto second = world.watch.arrived(kKey, from("10.0.0.2"));
  world.clock.advance(seconds(3));
  const auto twin = world.watch.spoke(first.presence);
  ASSERT_TRUE(twin);
  EXPECT_EQ(twin->address, "10.0.0.1");
  EXPECT_EQ(twin->other_address, "10.0.0.2");
}

TEST(PresenceWatch, DetectsTwoThatEvictEachOther) {
  World world;
  bool told = false;
  for (int i = 0; i < 5 && !told; ++i) {
    const auto arrival = world.watch.arrived(kKey, from(i % 2 == 0 ? "10.0.0.1" : "10.0.0.2"));
    told = arrival.twin.has_value();
    world.watch.left(arrival.presence);
    world.clock.advance(seconds(1));
    EXPECT_EQ(told, i == 3) << i;
  }
  EXPECT_TRUE(told);
}

TEST(PresenceWatch, IgnoresADeviceThatChangesItsNetworkNowAndThen) {
  World world;
  for (int i = 0; i < 20; ++i) {
    const auto arrival = world.watch.arrived(kKey, from(i % 2 == 0 ? "10.0.0.1" : "10.0.0.2"));
    EXPECT_FALSE(arrival.twin) << i;
    world.watch.left(arrival.presence);
    world.clock.advance(seconds(45));
  }
}

TEST(PresenceWatch, OneAddressMayHaveManyConnections) {
  World world;
  const auto first = world.watch.arrived(kKey, from("10.0.0.1"));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(world.watch.arrived(kKey, from("10.0.0.1")).twin);
  EXPECT_FALSE(first.presence->is_contested);
}

TEST(ClonedDevice, RaisesAnAlarmWithinSeconds) {
  test::TestServer server;
  const auto device = server.enroll("d", "All", [](registry::Certificate& record) {
    record.requested_by = CertificateId(Sha256{9});
  });
  MqttDevice original;
  ASSERT_TRUE(original.connect(server.port(), device.tls, "d"));
  MqttDevice clone;
  auto elsewhere = device.tls;
  elsewhere.from = "127.0.0.2";
  ASSERT_TRUE(clone.connect(server.port(1), elsewhere, "d-too"));
  const auto raised = [&] {
    const auto events = server.all<registry::AuditEvent>(registry::query::AuditEvents{});
    return std::ranges::any_of(events, [&](const auto& event) {
      return alarms::raised_by(event) == alarms::Kind::key_in_two_places &&
             event.certificate == device.id.hex() &&
             event.detail.find("127.0.0.2") != std::string::npos;
    });
  };
  EXPECT_TRUE(eventually([&] {
    original.publish("a", "still here");
    return raised();
  }));
}

}  // namespace
}  // namespace imprint::server
