// SPDX-License-Identifier: Apache-2.0
// What a certificate may do, as its device experiences it: over TLS and MQTT, as rights and time
// change.
#include "test/support/rights.h"

#include <gmock/gmock.h>

namespace imprint::server {
namespace {

using mqtt::ReasonCode;
using test::allow;
using test::document;
using test::eventually;
using test::kFilter;
using test::kKeep;
using test::kMost;
using test::kNoReceive;
using test::kShort;
using test::kTopic;
using test::kV3;
using test::MqttDevice;
using test::statement;
using test::TestServer;
using test::will_to;

struct Receive : test::RightsTest {};

TEST_F(Receive, IsCheckedWhenAQueuedMessageLeaves) {
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c", kKeep));
  ASSERT_EQ(device.subscribe("in/#"), ReasonCode::granted_qos_1);
  device.disconnect();
  ASSERT_TRUE(mouth.publish("in/secret", "secret"));
  server.set_policy("P", document(kMost + "," + allow("iot:Receive", kTopic + "in/fine")));
  ASSERT_TRUE(mouth.publish("in/secret", "secret"));
  ASSERT_TRUE(mouth.publish("in/fine", "fine"));
  MqttDevice again;
  ASSERT_TRUE(again.connect(server.port(1), client.tls, "c", kKeep));
  ASSERT_TRUE(again.connected->session_present);
  EXPECT_EQ(again.next_text(), "fine");
  EXPECT_TRUE(again.hears_nothing());
}

TEST_F(Receive, IsCheckedWhenAnInFlightMessageIsSentAgain) {
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c", kKeep));
  ASSERT_EQ(device.subscribe("in/#"), ReasonCode::granted_qos_1);
  ASSERT_TRUE(mouth.publish("in/secret", "sent and never acknowledged"));
  device.lose_power();
  server.set_policy("P", kNoReceive);
  MqttDevice again;
  ASSERT_TRUE(again.connect(server.port(0), client.tls, "c", kKeep));
  EXPECT_TRUE(again.hears_nothing());
}

TEST_F(Receive, RequiresThatTheSubscriptionIsStillAllowedAtResume) {
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c", kKeep));
  ASSERT_EQ(device.subscribe("secret/#"), ReasonCode::granted_qos_1);
  ASSERT_EQ(device.subscribe("fine/#"), ReasonCode::granted_qos_1);
  device.disconnect();
  server.set_policy("P", document(allow("iot:Connect") + "," + allow("iot:Receive") + "," +
                                  allow("iot:Subscribe", kFilter + "fine/#")));
  MqttDevice again;
  ASSERT_TRUE(again.connect(server.port(1), client.tls, "c", kKeep));
  ASSERT_TRUE(mouth.publish("secret/a", "secret"));
  ASSERT_TRUE(mouth.publish("fine/a", "fine"));
  EXPECT_EQ(again.next_text(), "fine");
  EXPECT_TRUE(again.hears_nothing());
}

TEST_F(Receive, EndsWithTheRightToSubscribeOnAnOpenSession) {
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c", kKeep));
  ASSERT_EQ(device.subscribe("t"), ReasonCode::granted_qos_1);
  server.set_policy("P", document(allow("iot:Connect") + "," + allow("iot:Receive")));
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(mouth.publish("t", "x"));
    return device.hears_nothing(kShort);
  }));
  server.set_policy("P", std::string(test::kAllowAll));
  EXPECT_TRUE(eventually([&] {
    EXPECT_TRUE(mouth.publish("t", "x"));
    return !device.hears_nothing(kShort);
  })) << "and resumes with the right";
}

struct ConnectRight : test::RightsTest {};

TEST_F(ConnectRight, EndsTheSessionWhenItIsTakenAway) {
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c"));
  server.set_policy("P", document(allow("iot:Publish")));
  EXPECT_EQ(device.cut_reason(), ReasonCode::not_authorized);
}

struct Rights : test::RightsTest {};

TEST_F(Rights, AreNoneIfTheyCannotBeResolved) {
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c"));
  // A policy that is attached but missing: the certificate is not deleted, and the old rights must
  // not be kept.
  server.erase(registry::policy_key(*PolicyName::parse("P")));
  ASSERT_TRUE(device.send("t", "x"));
  EXPECT_FALSE(device.is_cut(kShort));
  EXPECT_TRUE(device.acknowledged.empty());
  MqttDevice other;
  EXPECT_FALSE(other.connect(server.port(1), client.tls, "d"));
  server.set_policy("P", std::string(test::kAllowAll));
  EXPECT_EQ(device.publish("t", "y"), ReasonCode::success);
}

TEST_F(Rights, AreReadAgainIfTheyCouldNotBeRead) {
  server.set_policy("P", std::string(test::kAllowAll));
  std::vector<MqttDevice> devices(6);  // more than one round of reading tries before it gives up
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string id = "c" + std::to_string(i);
    ASSERT_TRUE(devices[i].connect(server.port(0), server.enroll(id, "P").tls, id));
  }
  server.store.break_lists();
  server.set_policy("P", document(allow("iot:Connect")));
  for (MqttDevice& device : devices) ASSERT_TRUE(device.send("t", "x"));
  for (MqttDevice& device : devices) {
    EXPECT_FALSE(device.is_cut(kShort));
    EXPECT_TRUE(device.acknowledged.empty()) << "neither by old rights nor by none";
  }
  server.store.open();  // and nothing else happens
  for (MqttDevice& device : devices) {
    EXPECT_TRUE(eventually([&] {
      device.is_cut(std::chrono::milliseconds(10));
      return !device.acknowledged.empty();
    }));
    EXPECT_THAT(device.acknowledged, testing::ElementsAre(ReasonCode::not_authorized));
  }
}

TEST_F(Rights, OutdatedOnesAllowNothingUntilReadAgain) {
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(1), client.tls, "c"));
  ASSERT_EQ(device.subscribe("in/#"), ReasonCode::granted_qos_1);
  server.store.hold_lists();
  server.set_policy("P", document(allow("iot:Connect") + "," + allow("iot:Subscribe") + "," +
                                  allow("iot:Receive", kTopic + "in/fine")));
  ASSERT_TRUE(device.send("t", "x"));
  EXPECT_FALSE(device.is_cut(kShort));
  EXPECT_TRUE(device.acknowledged.empty()) << "neither done nor refused";
  server.store.open();
  ASSERT_TRUE(mouth.publish("in/secret", "secret"));
  ASSERT_TRUE(mouth.publish("in/fine", "fine"));
  EXPECT_EQ(device.next_text(), "fine");
  EXPECT_THAT(device.acknowledged, testing::ElementsAre(ReasonCode::not_authorized));
}

// ---- client ids as weapons ----

TEST(ClientId, IsNotAPatternInAFilter) {
  TestServer server;
  server.set_policy("P", document(allow("iot:Connect") + "," + allow("iot:Receive") + "," +
                                  allow("iot:Subscribe", kFilter + "${iot:ClientId}/*") + "," +
                                  allow("iot:Publish", kTopic + "${iot:ClientId}/*")));
  const auto client = server.enroll("c", "P");
  for (const char* id : {"$share", "$share/g/others", "$share/g", "+", "#", "a*", "?", "others/#",
                         "others/a", "$aws/things", "/"}) {
    SCOPED_TRACE(id);
    MqttDevice device;
    if (!device.connect(server.port(), client.tls, id)) continue;
    for (const char* filter : {"$share/g/others/#", "others/#", "others/a/#", "+/#", "#"})
      EXPECT_TRUE(mqtt::is_failure(device.subscribe(filter))) << filter;
    EXPECT_NE(device.publish("others/a/b", "x"), ReasonCode::success);
  }
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), client.tls, "plain"));
  EXPECT_EQ(device.subscribe("plain/#"), ReasonCode::granted_qos_1);
  EXPECT_EQ(device.subscribe("$share/g/plain/#"), ReasonCode::granted_qos_1);
  EXPECT_EQ(device.publish("plain/x", "x"), ReasonCode::success);
}

TEST(ClientId, NeverAvoidsADeny) {
  TestServer server;
  const auto client = server.enroll("c", "P");
  const std::string locked = statement("Deny", "iot:Publish", kTopic + "locked/${iot:ClientId}/*");
  server.set_policy("P", document(allow("iot:*") + "," + locked));
  for (const char* id : {"a", "a*", "a?", "$a", "a/b"}) {
    MqttDevice device;
    if (!device.connect(server.port(), client.tls, id)) continue;
    EXPECT_EQ(device.publish(fmt::format("locked/{}/x", id), "x"), ReasonCode::not_authorized)
        << id;
  }
  // A deny whose variable cannot be resolved, because the device has no thing, still applies.
  const std::string thing = "${iot:Connection.Thing.ThingName}";
  for (const std::string& deny : {
           statement("Deny", "iot:Publish", "*",
                     R"({"StringNotEquals":{"iot:ClientId":")" + thing + "\"}}"),
           statement("Deny", "iot:Publish", "*",
                     R"({"StringEquals":{"iot:ClientId":")" + thing + "\"}}"),
           statement("Deny", "iot:Publish", kTopic + "locked/" + thing + "/*"),
       }) {
    server.set_policy("P", document(allow("iot:*") + "," + deny));
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), client.tls, "plain")) << deny;
    EXPECT_EQ(device.publish("locked/any/x", "x"), ReasonCode::not_authorized) << deny;
  }
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), client.tls, "plain"));
  EXPECT_EQ(device.publish("open/x", "x"), ReasonCode::success)
      << "the policies that can be read still apply";
}

TEST(ClientId, DoesNotHideTheThingFromADeny) {
  TestServer server;
  server.set_policy("P",
                    document(allow("iot:*") + "," +
                             statement("Deny", "iot:Publish", "*",
                                       R"({"StringEquals":)"
                                       R"({"iot:Connection.Thing.Attributes[state]":"bad"}})")));
  const auto client = server.enroll("c", "P");
  const ThingName name = *ThingName::parse("dev-1");
  server.put(registry::Thing{.name = name, .id = "t", .attributes = {{"state", "bad"}}});
  server.put(registry::ThingPrincipal{name, client.id});
  for (const char* id : {"dev-1", "another-id"}) {
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), client.tls, id));
    EXPECT_EQ(device.publish("t", "x"), ReasonCode::not_authorized) << id;
  }
}

TEST(GroupPolicies, AllowWhenTheClientIdNamesTheThingAndDenyAlways) {
  TestServer server;
  server.set_policy("Own", document(allow("iot:Connect")));
  server.set_policy("Group", document(allow("iot:Publish") + "," +
                                      statement("Deny", "iot:Publish", kTopic + "secret")));
  const auto client = server.enroll("c", "Own");
  const ThingGroupName outer = *ThingGroupName::parse("outer");
  const ThingGroupName inner = *ThingGroupName::parse("inner");
  server.put(registry::ThingGroup{.name = outer, .id = "o"});
  server.put(registry::ThingGroup{.name = inner, .id = "i", .parent = outer});
  server.put(
      registry::PolicyAttachment{*PolicyName::parse("Group"), registry::PolicyTarget(outer)});
  server.attach_thing("one", client.id);
  server.attach_thing("two", client.id);
  server.put(registry::GroupMembership{*ThingName::parse("one"), inner});
  const auto publish = [&](const std::string& id, const std::string& topic) {
    MqttDevice device;
    EXPECT_TRUE(device.connect(server.port(), client.tls, id));
    return device.publish(topic, "x");
  };
  EXPECT_EQ(publish("one", "t"), ReasonCode::success);
  EXPECT_EQ(publish("two", "t"), ReasonCode::not_authorized) << "its thing is in no group";
  EXPECT_EQ(publish("any", "t"), ReasonCode::not_authorized);
  server.set_policy("Own", document(allow("iot:*")));
  EXPECT_EQ(publish("any", "t"), ReasonCode::success);
  EXPECT_EQ(publish("any", "secret"), ReasonCode::not_authorized);
}

TEST(Validity, EndsAnOpenConnectionOfDevicesAndClaims) {
  TestServer server;
  const Timestamp end = server.clock.now() + Seconds(3);
  const auto device = server.enroll("d", "All", [&](auto& record) { record.not_after = end; });
  const auto claim = server.enroll("k", "All", [&](auto& record) {
    record.not_after = end;
    record.purpose = registry::CertificatePurpose::claim;
  });
  MqttDevice silent;
  MqttDevice claimant;
  ASSERT_TRUE(silent.connect(server.port(0), device.tls, "silent"));
  ASSERT_TRUE(claimant.connect(server.port(1), claim.tls, "claimant"));
  for (MqttDevice* open : {&silent, &claimant}) {
    EXPECT_EQ(open->cut_reason(), ReasonCode::administrative_action);
    EXPECT_GE(server.clock.now(), end);
  }
  MqttDevice again;
  EXPECT_FALSE(again.connect(server.port(), device.tls, "silent"));
}

TEST(SharedTopic, CannotBePublishedTo) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c"));
  EXPECT_EQ(device.publish("$share/g/t", "x"), ReasonCode::topic_name_invalid);
  MqttDevice with_will;
  EXPECT_FALSE(with_will.connect(server.port(0), client.tls, "d", {.will = will_to("$share/g/t")}));
}

TEST(AbsentService, IsAcknowledgedAndNeverAnswered) {
  TestServer server;
  server.set_policy(
      "P", document(allow("iot:*") + "," +
                    statement("Deny", "iot:Publish", kTopic + "$aws/things/c/shadow/update")));
  const auto client = server.enroll("c", "P");
  const auto listener = server.enroll("l");
  MqttDevice ears;
  ASSERT_TRUE(ears.connect(server.port(1), listener.tls, "ears"));
  for (const char* filter : {"$aws/things/#", "$aws/rules/#", "#"})
    EXPECT_FALSE(mqtt::is_failure(ears.subscribe(filter))) << filter;
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c", {.version = kV3}));
  for (const char* topic :
       {"$aws/things/c/jobs/start-next", "$aws/things/c/defender/metrics/json",
        "$aws/things/c/shadow/name/n/get", "$aws/rules/r/t", "$aws/things/c/shadow/get/accepted"})
    EXPECT_EQ(device.publish(topic, "{}", true), ReasonCode::success) << topic;
  EXPECT_EQ(device.publish("after", "x"), ReasonCode::success);
  EXPECT_EQ(ears.next_text(), "x") << "the message published there was not delivered";
  EXPECT_EQ(device.publish("$aws/things/c/shadow/update", "{}"), std::nullopt) << "policy decides";
  EXPECT_TRUE(device.is_cut());
}

}  // namespace
}  // namespace imprint::server
