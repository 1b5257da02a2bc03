// SPDX-License-Identifier: Apache-2.0
// Whether a will may be published is checked when it fires.
#include <gmock/gmock.h>

#include "test/support/rights.h"

namespace imprint::server {
namespace {

using mqtt::ReasonCode;
using test::allow;
using test::document;
using test::MqttDevice;
using test::TestServer;
using test::will_to;

struct WillRights : testing::Test {
  void SetUp() override {
    server.set_policy("P", std::string(test::kAllowAll));
    ASSERT_TRUE(listener.connect(server.port(0), server.enroll("l").tls, "listener"));
    ASSERT_EQ(listener.subscribe("will/#"), ReasonCode::granted_qos_1);
  }
  TestServer server;
  test::Enrolled client = server.enroll("c", "P");
  MqttDevice listener;
};

TEST_F(WillRights, AreCheckedWhenTheWillFires) {
  for (const Seconds delay : {Seconds(0), Seconds(1)}) {
    for (const std::string& left : {document(allow("iot:Connect")),
                                    document(allow("iot:Connect") + "," + allow("iot:Publish"))}) {
      server.set_policy("P", std::string(test::kAllowAll));
      MqttDevice device;
      ASSERT_TRUE(
          device.connect(server.port(1), client.tls, "c",
                         {.session_expiry_seconds = 60, .will = will_to("will/1", delay, true)}));
      if (delay > Seconds(0)) device.lose_power();
      server.set_policy("P", left);
      if (delay == Seconds(0)) device.lose_power();
      EXPECT_EQ(test::next_topic_after_marker(server, listener, delay), "will/marker");
      MqttDevice late;
      ASSERT_TRUE(late.connect(server.port(1), server.enroll("l2").tls, "late"));
      ASSERT_EQ(late.subscribe("will/1"), ReasonCode::granted_qos_1);
      EXPECT_TRUE(late.hears_nothing()) << "nothing was retained";
    }
  }
}

TEST_F(WillRights, ACleanStartOverADelayedWillPublishesIt) {
  for (const std::size_t shard : {0U, 1U}) {
    MqttDevice device;
    ASSERT_TRUE(
        device.connect(server.port(1), client.tls, "c",
                       {.session_expiry_seconds = 60, .will = will_to("will/2", Seconds(600))}));
    device.lose_power();
    ASSERT_TRUE(listener.hears_nothing());
    MqttDevice clean;
    ASSERT_TRUE(clean.connect(server.port(shard), client.tls, "c"));
    EXPECT_EQ(listener.next_text(), "last");
  }
}

TEST_F(WillRights, ACleanStartOverAnOpenSessionPublishesItsDelayedWill) {
  MqttDevice device;
  ASSERT_TRUE(
      device.connect(server.port(1), client.tls, "c",
                     {.session_expiry_seconds = 60, .will = will_to("will/3", Seconds(600))}));
  MqttDevice clean;
  ASSERT_TRUE(clean.connect(server.port(0), client.tls, "c"));
  EXPECT_EQ(listener.next_text(), "last");
}

}  // namespace
}  // namespace imprint::server
