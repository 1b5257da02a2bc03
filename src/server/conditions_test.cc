// SPDX-License-Identifier: Apache-2.0
// Policy conditions as a device experiences them: over TLS and MQTT, with every key and operator.
#include <gmock/gmock.h>

#include "test/support/rights.h"

namespace imprint::server {
namespace {

using mqtt::ReasonCode;
using test::allow;
using test::document;
using test::eventually;
using test::kShort;
using test::MqttDevice;
using test::statement;
using test::TestServer;
using test::will_to;

std::string epoch(Timestamp time) {
  return std::to_string(std::chrono::floor<Seconds>(time.time_since_epoch()).count());
}

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

TEST_F(Conditions, EveryKeyAndOperatorDecidesOverTheWire) {
  struct Row {
    std::string condition;  ///< operator, key, values
    bool holds;
  };
  const std::string id = client.id.hex();
  const std::string soon = epoch(server.clock.now() + std::chrono::hours(1));
  const std::string past = epoch(server.clock.now() - std::chrono::hours(1));
  const std::vector<Row> rows = {
      // Time: the time of the device's request counts.
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

TEST_F(Conditions, OnTimeAreReevaluatedWhileASessionIsOpen) {
  const std::string until = epoch(server.clock.now() + Seconds(3));
  ASSERT_TRUE(connects(allow("iot:*")));
  server.set_policy(
      "P", document(allow("iot:*") + "," +
                    statement("Deny", "iot:Connect", "*",
                              R"({"NumericGreaterThanEquals":{"aws:EpochTime":)" + until + "}}")));
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), client.tls, "dev-1"));
  EXPECT_EQ(device.cut_reason(), ReasonCode::not_authorized) << "without any request of the device";
}

TEST_F(Conditions, OnTimeStopTheDeliveryOfASubscription) {
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

}  // namespace
}  // namespace imprint::server
