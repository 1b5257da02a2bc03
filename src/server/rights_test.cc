// SPDX-License-Identifier: Apache-2.0
// What a certificate may do, as its device finds it: over TLS and MQTT, as rights and time change.
#include <gmock/gmock.h>

#include "test/support/test_server.h"

namespace imprint::server {
namespace {

using mqtt::QoS;
using mqtt::ReasonCode;
using registry::CertificateStatus;
using test::eventually;
using test::MqttDevice;
using test::TestServer;

constexpr auto kV3 = mqtt::Version::v3_1_1;
constexpr auto kShort = std::chrono::milliseconds(150);
const MqttDevice::Options kKeep{.clean_start = false, .session_expiry_seconds = 60};

std::string document(const std::string& statements) {
  return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}
std::string statement(const std::string& effect, const std::string& action,
                      const std::string& resource, const std::string& condition = "{}") {
  return fmt::format(R"({{"Effect":"{}","Action":"{}","Resource":"{}","Condition":{}}})", effect,
                     action, resource, condition);
}
std::string allow(const std::string& action, const std::string& resource = "*") {
  return statement("Allow", action, resource);
}
const std::string kTopic = "arn:aws:iot:*:*:topic/";
const std::string kFilter = "arn:aws:iot:*:*:topicfilter/";
const std::string kMost =
    allow("iot:Connect") + "," + allow("iot:Publish") + "," + allow("iot:Subscribe");
const std::string kNoReceive = document(kMost);

mqtt::Will will_to(const std::string& topic, Seconds delay = Seconds(0), bool retain = false) {
  auto message = std::make_shared<mqtt::Message>(
      mqtt::Message{.topic = topic, .payload = {'l', 'a', 's', 't'}});
  return {.message = std::move(message), .retain = retain, .delay = delay};
}

std::string epoch(Timestamp time) {
  return std::to_string(std::chrono::floor<Seconds>(time.time_since_epoch()).count());
}

// ---- conditions ----

/// A device whose every condition key has a value.
struct Conditions : testing::Test {
  void SetUp() override {
    const ThingName name = *ThingName::parse("dev-1");
    server.put(registry::Thing{.name = name,
                               .id = "t",
                               .type = *ThingTypeName::parse("SmartSensor"),
                               .attributes = {{"level", "3.5"}, {"site", "north"}}});
    server.put(registry::ThingPrincipal{name, client.id});
  }
  bool connects(const std::string& statements) {
    server.set_policy("P", document(statements));
    MqttDevice device;
    return device.connect(server.port(), client.tls, "dev-1",
                          {.clean_start = false, .will = will_to("wills/dev-1")});
  }
  TestServer server;
  test::Enrolled client =
      server.enroll("dev-1", "P", [](registry::Certificate& record) { record.serial = "1A2B"; });
};

TEST_F(Conditions, OfEveryKeyAndOperatorDecideOverTheWire) {
  struct Row {
    std::string condition;  ///< operator, key, values
    bool holds;
  };
  const std::string id = client.id.hex();
  const std::string soon = epoch(server.clock.now() + std::chrono::hours(1));
  const std::string past = epoch(server.clock.now() - std::chrono::hours(1));
  const std::vector<Row> rows = {
      // Time: the device's own moment counts.
      {R"("DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"})", true},
      {R"("DateGreaterThan":{"aws:CurrentTime":"2999-01-01T00:00:00Z"})", false},
      {R"("DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"})", false},
      {R"("DateLessThanEquals":{"aws:CurrentTime":"2999-01-01T00:00:00Z"})", true},
      {R"("DateGreaterThanEquals":{"aws:CurrentTime":"2020-01-01T00:00:00Z"})", true},
      {R"("DateEquals":{"aws:CurrentTime":"2020-01-01T00:00:00Z"})", false},
      {R"("DateNotEquals":{"aws:CurrentTime":"2020-01-01T00:00:00Z"})", true},
      {R"("DateLessThanIfExists":{"aws:CurrentTime":"2020-01-01T00:00:00Z"})", false},
      {R"("ForAllValues:DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"})", false},
      {R"("DateGreaterThan":{"aws:EpochTime":")" + past + "\"}", true},
      {R"("DateGreaterThan":{"aws:EpochTime":")" + soon + "\"}", false},
      {R"("NumericLessThan":{"aws:EpochTime":)" + soon + "}", true},
      {R"("NumericLessThan":{"aws:EpochTime":)" + past + "}", false},
      {R"("NumericNotEquals":{"aws:EpochTime":)" + past + "}", true},
      {R"("NumericGreaterThanIfExists":{"aws:EpochTime":)" + soon + "}", false},
      {R"("Null":{"aws:CurrentTime":"true"})", false},
      {R"("Null":{"aws:EpochTime":"false"})", true},
      // The connection.
      {R"("StringEquals":{"iot:ClientId":["x","dev-1"]})", true},
      {R"("StringNotEquals":{"iot:ClientId":"dev-1"})", false},
      {R"("StringEqualsIgnoreCase":{"iot:ClientId":"DEV-1"})", true},
      {R"("StringNotEqualsIgnoreCase":{"iot:ClientId":"DEV-1"})", false},
      {R"("StringLike":{"iot:ClientId":"dev-?"})", true},
      {R"("StringNotLike":{"iot:ClientId":"dev-*"})", false},
      {R"("StringEquals":{"iot:ClientId":"${iot:Connection.Thing.ThingName}"})", true},
      {R"("IpAddress":{"aws:SourceIp":"127.0.0.0/8"})", true},
      {R"("NotIpAddress":{"aws:SourceIp":"127.0.0.0/8"})", false},
      {R"("Bool":{"aws:SecureTransport":"true"})", true},
      {R"("ForAllValues:StringEquals":{"iot:ConnectAttributes":["PersistentConnect","LastWill"]})",
       true},
      {R"("ForAllValues:StringEquals":{"iot:ConnectAttributes":["PersistentConnect"]})", false},
      {R"("ForAnyValue:StringEquals":{"iot:ConnectAttributes":["LastWill"]})", true},
      {R"("ArnEquals":{"iot:LastWillTopic":"arn:aws:iot:*:*:topic/wills/*"})", true},
      {R"("ArnNotLike":{"iot:LastWillTopic":"arn:aws:iot:*:*:topic/wills/*"})", false},
      {R"("ArnLike":{"iot:LastWillTopic":"arn:aws:iot:*:*:topic/other"})", false},
      {R"("ArnNotEquals":{"iot:LastWillTopic":"arn:aws:iot:*:*:topic/other"})", true},
      // The thing.
      {R"("StringEquals":{"iot:Connection.Thing.ThingName":"dev-1"})", true},
      {R"("StringEquals":{"iot:Connection.Thing.ThingTypeName":"SmartSensor"})", true},
      {R"("StringEquals":{"iot:Connection.Thing.Attributes[site]":"north"})", true},
      {R"("StringEqualsIfExists":{"iot:Connection.Thing.Attributes[none]":"x"})", true},
      {R"("Bool":{"iot:Connection.Thing.IsAttached":"true"})", true},
      {R"("NumericEquals":{"iot:Connection.Thing.Attributes[level]":3.5})", true},
      {R"("NumericNotEquals":{"iot:Connection.Thing.Attributes[level]":3.5})", false},
      {R"("NumericLessThan":{"iot:Connection.Thing.Attributes[level]":4})", true},
      {R"("NumericLessThanEquals":{"iot:Connection.Thing.Attributes[level]":3})", false},
      {R"("NumericGreaterThan":{"iot:Connection.Thing.Attributes[level]":3})", true},
      {R"("NumericGreaterThanEquals":{"iot:Connection.Thing.Attributes[level]":4})", false},
      {R"("Null":{"iot:Connection.Thing.Attributes[none]":"true"})", true},
      // The certificate.
      {R"("StringEquals":{"iot:CertificateId":")" + id + "\"}", true},
      {R"("StringEquals":{"iot:Certificate.SerialNumber":"1A2B"})", true},
      {R"("StringEquals":{"iot:Certificate.Subject.CommonName":"dev-1"})", true},
      {R"("ForAnyValue:StringEquals":{"iot:Certificate.Subject.CommonName.List":"dev-1"})", true},
      {R"("StringEquals":{"iot:Certificate.Issuer.CommonName":"Test issuing CA"})", true},
      {R"("ForAnyValue:StringEquals":{"iot:Certificate.AvailableKeys":"iot:Certificate.Subject.CommonName"})",
       true},
  };
  for (const Row& row : rows) {
    const std::string condition = "{" + row.condition + "}";
    EXPECT_EQ(connects(statement("Allow", "iot:*", "*", condition)), row.holds)
        << "Allow if " << condition;
    EXPECT_EQ(connects(allow("iot:*") + "," + statement("Deny", "iot:Connect", "*", condition)),
              !row.holds)
        << "Deny if " << condition;
  }
}

TEST_F(Conditions, OnTimeAreLookedAtAgainWhileASessionIsOpen) {
  const std::string until = epoch(server.clock.now() + Seconds(3));
  ASSERT_TRUE(connects(allow("iot:*")));
  server.set_policy(
      "P", document(allow("iot:*") + "," +
                    statement("Deny", "iot:Connect", "*",
                              R"({"NumericGreaterThanEquals":{"aws:EpochTime":)" + until + "}}")));
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), client.tls, "dev-1"));
  EXPECT_EQ(device.cut_reason(), ReasonCode::not_authorized) << "without a word from the device";
}

TEST_F(Conditions, OnTimeEndWhatASubscriptionBrings) {
  const std::string until = epoch(server.clock.now() + Seconds(2));
  const auto speaker = server.enroll("speaker");
  server.set_policy("P",
                    document(allow("iot:Connect") + "," + allow("iot:Receive") + "," +
                             statement("Allow", "iot:Subscribe", "*",
                                       R"({"NumericLessThan":{"aws:EpochTime":)" + until + "}}")));
  MqttDevice device;
  MqttDevice mouth;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "dev-1"));
  ASSERT_TRUE(mouth.connect(server.port(1), speaker.tls, "mouth"));
  ASSERT_EQ(device.subscribe("t"), ReasonCode::granted_qos_1);
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(mouth.publish("t", "x"), ReasonCode::success);
    return device.hears_nothing(kShort);
  }));
}

// ---- receive ----

TEST(Receive, IsAskedWhenAQueuedMessageLeaves) {
  TestServer server;
  server.set_policy("P", std::string(test::kAllowAll));
  const auto client = server.enroll("c", "P");
  const auto speaker = server.enroll("s");
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(0), speaker.tls, "mouth"));
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

TEST(Receive, IsAskedWhenWhatWasInFlightIsSentAgain) {
  TestServer server;
  server.set_policy("P", std::string(test::kAllowAll));
  const auto client = server.enroll("c", "P");
  const auto speaker = server.enroll("s");
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(0), speaker.tls, "mouth"));
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

TEST(Receive, NeedsTheSubscriptionStillToBeAllowedAtResume) {
  TestServer server;
  server.set_policy("P", std::string(test::kAllowAll));
  const auto client = server.enroll("c", "P");
  const auto speaker = server.enroll("s");
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(0), speaker.tls, "mouth"));
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

TEST(Receive, EndsWithTheSubscriptionsRightOnAnOpenSession) {
  TestServer server;
  server.set_policy("P", std::string(test::kAllowAll));
  const auto client = server.enroll("c", "P");
  const auto speaker = server.enroll("s");
  MqttDevice mouth;
  ASSERT_TRUE(mouth.connect(server.port(0), speaker.tls, "mouth"));
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
  })) << "and comes back with it";
}

TEST(ConnectRight, EndsTheSessionWhenItIsTakenAway) {
  TestServer server;
  server.set_policy("P", std::string(test::kAllowAll));
  const auto client = server.enroll("c", "P");
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c"));
  server.set_policy("P", document(allow("iot:Publish")));
  EXPECT_EQ(device.cut_reason(), ReasonCode::not_authorized);
}

TEST(Rights, ThatCannotBeToldAreNone) {
  TestServer server;
  server.set_policy("P", std::string(test::kAllowAll));
  const auto client = server.enroll("c", "P");
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c"));
  // Attached and missing: neither a deleted certificate nor a reason to keep the old rights.
  server.erase(registry::policy_key(*PolicyName::parse("P")));
  ASSERT_TRUE(device.send("t", "x"));
  EXPECT_FALSE(device.is_cut(kShort));
  EXPECT_TRUE(device.acknowledged.empty());
  MqttDevice other;
  EXPECT_FALSE(other.connect(server.port(1), client.tls, "d"));
  server.set_policy("P", std::string(test::kAllowAll));
  EXPECT_EQ(device.publish("t", "y"), ReasonCode::success);
}

TEST(Rights, ThatCouldNotBeReadAreReadAgain) {
  TestServer server({.shards = 1});
  server.set_policy("P", std::string(test::kAllowAll));
  std::vector<MqttDevice> devices(6);  // more than one round of reading gives up on
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string id = "c" + std::to_string(i);
    ASSERT_TRUE(devices[i].connect(server.port(), server.enroll(id, "P").tls, id));
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

TEST(Rights, OldOnesAllowNothingWhileNewOnesAreRead) {
  TestServer server;
  server.set_policy("P", std::string(test::kAllowAll));
  const auto client = server.enroll("c", "P");
  const auto speaker = server.enroll("s");
  MqttDevice device;
  MqttDevice mouth;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c"));
  ASSERT_TRUE(mouth.connect(server.port(1), speaker.tls, "mouth"));
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

TEST(ClientId, IsNoPatternOfAFilter) {
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

TEST(ClientId, NeverFreesFromADeny) {
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
  // What cannot be resolved binds: the device has no thing.
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
  EXPECT_EQ(device.publish("open/x", "x"), ReasonCode::success) << "what can be read still binds";
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

// ---- validity ----

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

// ---- wills ----

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

TEST_F(WillRights, AreAskedForWhenItFires) {
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
      EXPECT_TRUE(listener.hears_nothing(std::chrono::milliseconds(2500)));
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

// ---- whose session ----

TEST(ParkedSession, IsProtectedAsAConnectedOne) {
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

TEST(ParkedSession, SurvivesTwoReconnectsAtOnce) {
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

TEST(SharedTopic, IsNoTopicToPublishTo) {
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
  EXPECT_EQ(ears.next_text(), "x") << "what is published there reaches nobody";
  EXPECT_EQ(device.publish("$aws/things/c/shadow/update", "{}"), std::nullopt) << "policy decides";
  EXPECT_TRUE(device.is_cut());
}

TEST(Memory, OfSessionsIsBoundedForACertificateAndForAll) {
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
  EXPECT_TRUE(eventually([&] { return server.queued_bytes() == 0; })) << "all is given back";
}

TEST(Memory, CountsAMessageForManyOnce) {
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

TEST(SharedSubscription, GoesToMembersWhoAreThere) {
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
  // The end of a connection may take a moment to be known everywhere.
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

TEST(SharedSubscription, HandsOverWhatAnEndedSessionHadWaiting) {
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
  EXPECT_TRUE(stays.hears_nothing()) << "what waits belongs to the session it waits for";
  MqttDevice clean;
  ASSERT_TRUE(clean.connect(server.port(0), client.tls, "leaves"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(stays.next_text(), std::to_string(i));
}

}  // namespace
}  // namespace imprint::server
