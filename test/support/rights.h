// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "test/support/test_server.h"

/// Policies, wills and sessions for tests of rights and of state that outlives a connection.
namespace imprint::test {

inline constexpr auto kV3 = mqtt::Version::v3_1_1;
inline constexpr auto kV5 = mqtt::Version::v5;
/// How long a test waits for a message that must not arrive.
inline constexpr auto kShort = std::chrono::milliseconds(150);
/// A session that outlives its connection.
inline const MqttDevice::Options kKeep{.clean_start = false, .session_expiry_seconds = 60};

inline std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
inline std::string statement(const std::string& effect, const std::string& action,
                             const std::string& resource, const std::string& condition = "{}") {
  return fmt::format(R"({{"Effect":"{}","Action":"{}","Resource":"{}","Condition":{}}})", effect,
                     action, resource, condition);
}
inline std::string allow(const std::string& action, const std::string& resource = "*") {
  return statement("Allow", action, resource);
}
inline const std::string kTopic = "arn:aws:iot:*:*:topic/";
inline const std::string kFilter = "arn:aws:iot:*:*:topicfilter/";
inline const std::string kMost =
    allow("iot:Connect") + "," + allow("iot:Publish") + "," + allow("iot:Subscribe");
inline const std::string kNoReceive = document(kMost);

inline mqtt::Will will_to(const std::string& topic, Seconds delay = Seconds(0),
                          bool retain = false) {
  auto message = std::make_shared<mqtt::Message>(
      mqtt::Message{.topic = topic, .payload = {'l', 'a', 's', 't'}});
  return {.message = std::move(message), .retain = retain, .delay = delay};
}

/// The topic of the next message that `listener` hears once a client on shard 1 has left a will
/// with this delay behind. A shard publishes wills in the order in which they are due: an earlier
/// will that was published is heard first.
inline std::string next_topic_after_marker(TestServer& server, MqttDevice& listener,
                                           Seconds delay) {
  MqttDevice marker;
  if (!marker.connect(server.port(1), server.enroll("marker").tls, "marker",
                      {.session_expiry_seconds = 60, .will = will_to("will/marker", delay)}))
    return "the marker cannot connect";
  marker.lose_power();
  const auto heard = listener.next();
  return heard ? heard->message->topic : "nothing";
}

/// A client whose policy P a test changes, and a second client that may publish to it.
struct RightsTest : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(mouth.connect(server.port(0), server.enroll("s").tls, "mouth"));
  }
  Enrolled enroll_client() {
    server.set_policy("P", std::string(kAllowAll));
    return server.enroll("c", "P");
  }

  TestServer server;
  Enrolled client = enroll_client();
  MqttDevice mouth;
};

}  // namespace imprint::test
