// SPDX-License-Identifier: Apache-2.0
// Messages of a share group that are queued for an absent client stay with it only while the client
// may still resume its session.
#include <gmock/gmock.h>
#include <set>

#include "test/support/test_server.h"

namespace imprint::server {
namespace {

using mqtt::ReasonCode;
using registry::CertificateStatus;
using test::eventually;
using test::MqttDevice;
using test::TestServer;

struct ParkedMember : testing::Test {
  void SetUp() override {
    server.set_policy("P", std::string(test::kAllowAll));
    const MqttDevice::Options keep{.clean_start = false, .session_expiry_seconds = 60};
    for (const auto& [client, id] : {std::pair{&staying, "stays"}, std::pair{&member, "member"}}) {
      MqttDevice device;
      ASSERT_TRUE(device.connect(server.port(0), client->tls, id, keep));
      ASSERT_EQ(device.subscribe("$share/g/work"), ReasonCode::granted_qos_1);
      device.disconnect();
    }
    ASSERT_TRUE(mouth.connect(server.port(1), speaker.tls, "mouth"));
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(mouth.publish("work", std::to_string(i)));
  }
  /// Expects that all messages published before and after `change` reach the member that stays.
  template <class Change>
  void expect_all_for_the_other_after(Change change) {
    const MqttDevice::Options keep{.clean_start = false, .session_expiry_seconds = 60};
    MqttDevice other;
    ASSERT_TRUE(other.connect(server.port(0), staying.tls, "stays", keep));
    change();
    std::set<std::string> heard;
    for (int i = 6; i < 12; ++i) ASSERT_TRUE(mouth.publish("work", std::to_string(i)));
    EXPECT_TRUE(eventually([&] {
      while (const auto message = other.next(std::chrono::milliseconds(50)))
        heard.insert(std::string(as_text(message->message->payload)));
      return heard.size() == 12;
    })) << heard.size();
  }

  TestServer server;
  test::Enrolled staying = server.enroll("stays");
  test::Enrolled member = server.enroll("member", "P");
  test::Enrolled speaker = server.enroll("mouth");
  MqttDevice mouth;
};

TEST_F(ParkedMember, OfARevokedCertificateEnds) {
  EXPECT_TRUE(eventually([&] { return server.sessions() == 3; }));
  expect_all_for_the_other_after([&] { server.set_status(member.id, CertificateStatus::revoked); });
  EXPECT_TRUE(eventually([&] { return server.sessions() == 2; }));
}

TEST_F(ParkedMember, OfAnInactiveCertificateLeavesItsGroups) {
  expect_all_for_the_other_after(
      [&] { server.set_status(member.id, CertificateStatus::inactive); });
}

TEST_F(ParkedMember, ThatMayNoLongerSubscribeLeavesItsGroups) {
  expect_all_for_the_other_after([&] {
    server.set_policy("P", R"({"Version":"2012-10-17","Statement":[
      {"Effect":"Allow","Action":["iot:Connect","iot:Receive"],"Resource":"*"}]})");
  });
}

TEST_F(ParkedMember, ReturnsToItsGroups) {
  expect_all_for_the_other_after(
      [&] { server.set_status(member.id, CertificateStatus::inactive); });
  server.set_status(member.id, CertificateStatus::active);
  MqttDevice back;
  ASSERT_TRUE(back.connect(server.port(0), member.tls, "member",
                           {.clean_start = false, .session_expiry_seconds = 60}));
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(mouth.publish("work", "again"));
    return back.next(std::chrono::milliseconds(50)).has_value();
  }));
}

}  // namespace
}  // namespace imprint::server
