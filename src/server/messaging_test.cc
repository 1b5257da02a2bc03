// SPDX-License-Identifier: Apache-2.0
// Messages between clients, sessions that outlive connections, and takeovers.
#include <gmock/gmock.h>

#include "outcome/causes.h"
#include "test/support/rights.h"
#include "trail/event.h"

namespace imprint::server {
namespace {

using mqtt::QoS;
using mqtt::ReasonCode;
using registry::CertificateStatus;
using test::document;
using test::eventually;
using test::kKeep;
using test::kV3;
using test::kV5;
using test::MqttDevice;
using test::TestServer;
using test::will_to;

std::string policy_with(const std::string& publish, const std::string& subscribe,
                        const std::string& receive) {
  return document(test::allow("iot:Connect") + "," + test::allow("iot:Publish", publish) + "," +
                  test::allow("iot:Subscribe", subscribe) + "," +
                  test::allow("iot:Receive", receive));
}

// ---- policies ----

TEST(Messages, DenialsAreReportedAsTheProtocolVersionAllows) {
  TestServer server;
  server.set_policy(
      "Some", policy_with("arn:aws:iot:*:*:topic/yes", "arn:aws:iot:*:*:topicfilter/yes", "*"));
  const auto client = server.enroll("c", "Some");
  {
    MqttDevice device;
    ASSERT_TRUE(device.connect(server.port(), client.tls, "v5"));
    EXPECT_EQ(device.subscribe("no"), ReasonCode::not_authorized);
    EXPECT_THAT(device.subscribed->reason, testing::HasSubstr("iot:Subscribe"));
    EXPECT_EQ(device.publish("no", "x"), ReasonCode::not_authorized);
    EXPECT_EQ(device.publish("yes", "x", true), ReasonCode::not_authorized)
        << "retained needs iot:RetainPublish";
    EXPECT_EQ(device.publish("yes", "x"), ReasonCode::success) << "and the session continues";
    ASSERT_TRUE(device.send("no", "x", QoS::at_most_once));
    EXPECT_EQ(device.cut_reason(), ReasonCode::not_authorized) << "QoS 0 has no other answer";
  }
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(), client.tls, "v3", {.version = kV3}));
  EXPECT_TRUE(mqtt::is_failure(device.subscribe("no")));
  EXPECT_EQ(device.publish("yes", "x"), ReasonCode::success);
  EXPECT_EQ(device.publish("no", "x"), std::nullopt);
  EXPECT_TRUE(device.is_cut());
}

TEST(Messages, ThoseThatMayNotBeReceivedAreSilentlyDropped) {
  TestServer server;
  server.set_policy("Some", policy_with("*", "*", "arn:aws:iot:*:*:topic/yes"));
  const auto listener = server.enroll("l", "Some");
  const auto speaker = server.enroll("s");
  MqttDevice ears;
  MqttDevice mouth;
  ASSERT_TRUE(ears.connect(server.port(0), listener.tls, "ears"));
  ASSERT_TRUE(mouth.connect(server.port(1), speaker.tls, "mouth"));
  ASSERT_EQ(ears.subscribe("#"), ReasonCode::granted_qos_1);
  ASSERT_EQ(mouth.publish("no", "secret"), ReasonCode::success);
  ASSERT_EQ(mouth.publish("yes", "fine"), ReasonCode::success);
  EXPECT_EQ(ears.next_text(), "fine");
}

// ---- delivery ----

TEST(Messages, ReachEverySubscriberOnEveryShardOnce) {
  TestServer server;
  const auto client = server.enroll("c");
  for (const auto version : {kV3, kV5}) {
    std::vector<MqttDevice> listeners(4);
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      ASSERT_TRUE(listeners[i].connect(server.port(i % 2), client.tls, fmt::format("l{}", i),
                                       {.version = version}));
      ASSERT_EQ(listeners[i].subscribe("a/+"), ReasonCode::granted_qos_1);
      ASSERT_EQ(listeners[i].subscribe("a/b"), ReasonCode::granted_qos_1);
    }
    MqttDevice speaker;
    ASSERT_TRUE(speaker.connect(server.port(), client.tls, "s", {.version = version}));
    for (int i = 0; i < 20; ++i)
      ASSERT_EQ(speaker.publish("a/b", fmt::format("{}", i)), ReasonCode::success);
    for (MqttDevice& listener : listeners) {
      for (int i = 0; i < 20; ++i) EXPECT_EQ(listener.next_text(), fmt::format("{}", i));
    }
    ASSERT_TRUE(listeners[0].unsubscribe("a/+"));
    ASSERT_TRUE(listeners[0].unsubscribe("a/b"));
    ASSERT_EQ(speaker.publish("a/b", "late"), ReasonCode::success);
    EXPECT_EQ(listeners[2].next_text(), "late");
    EXPECT_TRUE(listeners[0].hears_nothing());
  }
}

TEST(Messages, RetainedOnesReachLaterSubscribersOnEveryShard) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice speaker;
  ASSERT_TRUE(speaker.connect(server.port(0), client.tls, "s"));
  ASSERT_EQ(speaker.publish("state", "kept", true), ReasonCode::success);
  for (const std::size_t shard : {0U, 1U}) {
    MqttDevice late;
    ASSERT_TRUE(late.connect(server.port(shard), client.tls, "late"));
    ASSERT_EQ(late.subscribe("state"), ReasonCode::granted_qos_1);
    const auto message = late.next();
    ASSERT_TRUE(message);
    EXPECT_TRUE(message->retain);
    EXPECT_EQ(as_text(message->message->payload), "kept");
  }
  ASSERT_EQ(speaker.publish("state", "", true), ReasonCode::success);
  MqttDevice after;
  ASSERT_TRUE(after.connect(server.port(1), client.tls, "after"));
  ASSERT_EQ(after.subscribe("state"), ReasonCode::granted_qos_1);
  EXPECT_TRUE(after.hears_nothing()) << "an empty message clears the topic";
}

TEST(Messages, GoToExactlyOneMemberOfAShareGroup) {
  TestServer server;
  const auto client = server.enroll("c");
  std::vector<MqttDevice> members(4);
  for (std::size_t i = 0; i < members.size(); ++i) {
    ASSERT_TRUE(members[i].connect(server.port(i % 2), client.tls, fmt::format("m{}", i)));
    ASSERT_EQ(members[i].subscribe("$share/g/work"), ReasonCode::granted_qos_1);
  }
  constexpr int kMessages = 60;
  std::vector<MqttDevice> speakers(2);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(speakers[i].connect(server.port(i), client.tls, fmt::format("s{}", i)));
    for (int n = 0; n < kMessages / 2; ++n)
      ASSERT_EQ(speakers[i].publish("work", fmt::format("{}/{}", i, n)), ReasonCode::success);
  }
  std::multiset<std::string> received;
  std::size_t busy = 0;
  for (MqttDevice& member : members) {
    const std::size_t before = received.size();
    while (auto message = member.next(std::chrono::milliseconds(100)))
      received.emplace(as_text(message->message->payload));
    busy += received.size() > before ? 1 : 0;
  }
  EXPECT_EQ(received.size(), static_cast<std::size_t>(kMessages));
  EXPECT_EQ(std::set<std::string>(received.begin(), received.end()).size(), received.size());
  EXPECT_GT(busy, 1U) << "members on both shards take part";
}

TEST(Messages, ASlowReaderDoesNotDelayOthers) {
  test::ServerOptions options;
  options.mqtt.queue_bytes = 64 * 1024;
  TestServer server(options);
  const auto client = server.enroll("c");
  MqttDevice slow;
  MqttDevice quick;
  MqttDevice speaker;
  ASSERT_TRUE(slow.connect(server.port(0), client.tls, "slow"));
  ASSERT_TRUE(quick.connect(server.port(0), client.tls, "quick"));
  ASSERT_TRUE(speaker.connect(server.port(1), client.tls, "speaker"));
  ASSERT_EQ(slow.subscribe("flood", QoS::at_most_once), ReasonCode::success);
  ASSERT_EQ(quick.subscribe("flood", QoS::at_most_once), ReasonCode::success);
  const std::string payload(32 * 1024, 'x');
  for (int i = 0; i < 400; ++i) {  // 12 MiB, more than socket buffers hold
    ASSERT_EQ(speaker.publish("flood", payload), ReasonCode::success);
    ASSERT_EQ(quick.next_text().size(), payload.size()) << i;
  }
}

// ---- wills ----

TEST(Messages, OfASlowReaderArriveAsItReads) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice reader;
  ASSERT_TRUE(reader.connect(server.port(0), client.tls, "reader"));
  ASSERT_EQ(reader.subscribe("bulk"), ReasonCode::granted_qos_1);
  MqttDevice speaker;
  ASSERT_TRUE(speaker.connect(server.port(0), client.tls, "speaker"));
  // More than the kernel's buffers hold, so that messages wait for the socket.
  const std::string payload(100'000, 'x');
  for (int i = 0; i < 120; ++i) ASSERT_TRUE(speaker.send("bulk", payload, mqtt::QoS::at_most_once));
  ASSERT_EQ(speaker.publish("done", "x"), ReasonCode::success);
  constexpr auto kSilence = std::chrono::milliseconds(400);
  int heard = 0;
  while (reader.next(kSilence)) ++heard;
  EXPECT_GT(heard, 0);
  ASSERT_EQ(reader.publish("done", "x"), ReasonCode::success);
  EXPECT_TRUE(reader.hears_nothing(kSilence)) << "nothing had waited for the reader to speak";
}

TEST(Will, IsPublishedWhenTheClientIsLostButNotWhenItDisconnects) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice listener;
  ASSERT_TRUE(listener.connect(server.port(1), client.tls, "listener"));
  ASSERT_EQ(listener.subscribe("will/#"), ReasonCode::granted_qos_1);
  for (const auto version : {kV3, kV5}) {
    MqttDevice leaves;
    ASSERT_TRUE(leaves.connect(server.port(0), client.tls, "leaves",
                               {.version = version, .will = will_to("will/leaves")}));
    leaves.disconnect();
    MqttDevice lost;
    ASSERT_TRUE(lost.connect(server.port(0), client.tls, "lost",
                             {.version = version, .will = will_to("will/lost")}));
    lost.lose_power();
    const auto message = listener.next();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->message->topic, "will/lost");
    EXPECT_TRUE(listener.hears_nothing());
  }
}

TEST(Will, IsNotPublishedWhenTheClientHasLostItsRights) {
  TestServer server;
  const auto client = server.enroll("c");
  const auto revoked = server.enroll("r");
  const auto delayed = server.enroll("d");
  MqttDevice listener;
  ASSERT_TRUE(listener.connect(server.port(0), client.tls, "listener"));
  ASSERT_EQ(listener.subscribe("will/#"), ReasonCode::granted_qos_1);
  MqttDevice one;
  ASSERT_TRUE(one.connect(server.port(1), revoked.tls, "one", {.will = will_to("will/1")}));
  MqttDevice two;
  ASSERT_TRUE(two.connect(server.port(1), delayed.tls, "two",
                          {.session_expiry_seconds = 60, .will = will_to("will/2", Seconds(1))}));
  two.lose_power();
  server.set_status(revoked.id, CertificateStatus::revoked);
  ASSERT_TRUE(one.is_cut());
  server.set_status(delayed.id, CertificateStatus::revoked);
  EXPECT_EQ(test::next_topic_after_marker(server, listener, Seconds(1)), "will/marker");
}

TEST(Will, IsDelayedAndDroppedWhenTheClientReturns) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice listener;
  ASSERT_TRUE(listener.connect(server.port(0), client.tls, "listener"));
  ASSERT_EQ(listener.subscribe("will/#"), ReasonCode::granted_qos_1);
  const auto lose = [&](const std::string& name) {
    MqttDevice device;
    EXPECT_TRUE(device.connect(
        server.port(1), client.tls, name,
        {.session_expiry_seconds = 60, .will = will_to("will/" + name, Seconds(1))}));
    device.lose_power();
  };
  lose("returns");
  MqttDevice back;
  ASSERT_TRUE(back.connect(server.port(0), client.tls, "returns",
                           {.clean_start = false, .session_expiry_seconds = 60}));
  EXPECT_TRUE(back.connected->session_present);
  lose("stays-away");
  const auto message = listener.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message->topic, "will/stays-away");
}

// ---- sessions ----

TEST(Session, IsResumedOnEitherShardWithItsQueuedMessages) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice speaker;
  ASSERT_TRUE(speaker.connect(server.port(0), client.tls, "speaker"));
  for (const auto version : {kV3, kV5}) {
    const MqttDevice::Options keep{
        .version = version, .clean_start = false, .session_expiry_seconds = 60};
    const std::string name = version == kV3 ? "v3" : "v5";
    for (const std::size_t returns_to : {1U, 0U}) {
      MqttDevice device;
      ASSERT_TRUE(device.connect(server.port(0), client.tls, name, keep));
      ASSERT_EQ(device.subscribe("inbox/" + name), ReasonCode::granted_qos_1);
      device.disconnect();
      MqttDevice again;
      // Published at once, while the old connection may still be lingering.
      ASSERT_EQ(speaker.publish("inbox/" + name, "queued"), ReasonCode::success);
      ASSERT_TRUE(again.connect(server.port(returns_to), client.tls, name, keep));
      EXPECT_TRUE(again.connected->session_present) << name;
      EXPECT_EQ(again.next_text(), "queued") << name << returns_to;
      ASSERT_EQ(speaker.publish("inbox/" + name, "live"), ReasonCode::success);
      EXPECT_EQ(again.next_text(), "live") << name;
      again.disconnect();
      MqttDevice fresh;
      ASSERT_TRUE(fresh.connect(server.port(0), client.tls, name, {.version = version}));
      EXPECT_FALSE(fresh.connected->session_present);
      EXPECT_TRUE(fresh.hears_nothing(std::chrono::milliseconds(50)));
    }
  }
}

TEST(Session, EndsWithItsExpiry) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), client.tls, "c", {.session_expiry_seconds = 1}));
  ASSERT_EQ(device.subscribe("t"), ReasonCode::granted_qos_1);
  device.disconnect();
  EXPECT_TRUE(eventually([&] { return server.sessions() == 0; }));
  MqttDevice again;
  ASSERT_TRUE(again.connect(server.port(0), client.tls, "c",
                            {.clean_start = false, .session_expiry_seconds = 1}));
  EXPECT_FALSE(again.connected->session_present);
}

TEST(Session, IsNotHandedToAnotherCertificate) {
  TestServer server;
  const auto owner = server.enroll("owner");
  const auto other = server.enroll("other");
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), owner.tls, "shared-id", kKeep));
  ASSERT_EQ(device.subscribe("private"), ReasonCode::granted_qos_1);
  device.disconnect();
  MqttDevice speaker;
  ASSERT_TRUE(speaker.connect(server.port(0), owner.tls, "speaker"));
  ASSERT_EQ(speaker.publish("private", "for the owner"), ReasonCode::success);
  MqttDevice thief;
  ASSERT_TRUE(thief.connect(server.port(1), other.tls, "shared-id", kKeep));
  EXPECT_FALSE(thief.connected->session_present);
  EXPECT_TRUE(thief.hears_nothing());
}

TEST(Session, SurvivesANewcomerThatLeavesDuringTheTakeover) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice first;
  ASSERT_TRUE(first.connect(server.port(0), client.tls, "c", kKeep));
  ASSERT_EQ(first.subscribe("t"), ReasonCode::granted_qos_1);
  for (int i = 0; i < 30; ++i) {
    MqttDevice hasty;
    ASSERT_TRUE(hasty.open(server.port(static_cast<std::size_t>(i) % 2), client.tls));
    hasty.send_connect("c", kKeep);
    hasty.lose_power();
  }
  EXPECT_TRUE(first.is_cut());
  // One of the hasty newcomers may still be connecting and take over again; then retry.
  EXPECT_TRUE(eventually([&] {
    MqttDevice device;
    return device.connect(server.port(1), client.tls, "c", kKeep) &&
           device.connected->session_present;
  }));
}

TEST(Takeover, EndsTheEarlierConnectionOnEitherShard) {
  TestServer server;
  const auto client = server.enroll("c");
  for (const std::size_t from : {0U, 1U}) {
    for (const std::size_t to : {0U, 1U}) {
      MqttDevice first;
      MqttDevice second;
      ASSERT_TRUE(first.connect(server.port(from), client.tls, "c"));
      ASSERT_TRUE(second.connect(server.port(to), client.tls, "c"));
      EXPECT_EQ(first.cut_reason(), ReasonCode::session_taken_over);
      EXPECT_EQ(second.publish("t", "x"), ReasonCode::success);
    }
  }
  EXPECT_TRUE(eventually([&] { return server.sessions() == 0; })) << "no session is left behind";
}

TEST(Takeover, RacesLeaveExactlyOneConnection) {
  TestServer server;
  const auto client = server.enroll("c");
  constexpr std::size_t kRacers = 16;
  for (int round = 0; round < 5; ++round) {
    std::vector<MqttDevice> racers(kRacers);
    for (std::size_t i = 0; i < kRacers; ++i)
      ASSERT_TRUE(racers[i].open(server.port(i % 2), client.tls));
    for (MqttDevice& racer : racers) racer.send_connect("one-id", {});
    std::size_t alive = 0;
    for (MqttDevice& racer : racers) std::ignore = racer.await_connack();
    // A client that was accepted and then displaced is notified.
    ASSERT_TRUE(eventually([&] {
      alive = 0;
      for (MqttDevice& racer : racers) alive += racer.is_cut(std::chrono::milliseconds(1)) ? 0 : 1;
      return alive <= 1;
    }));
    EXPECT_EQ(alive, 1U);
  }
}

TEST(Takeover, ADeviceUnderItsOwnNameIsNotDisplacedByAnother) {
  TestServer server;
  const auto device_certificate = server.enroll("device");
  const auto renewed = server.enroll("renewed");
  const auto other = server.enroll("other");
  server.attach_thing("device-1", device_certificate.id);
  server.put(registry::ThingPrincipal{*ThingName::parse("device-1"), renewed.id});
  MqttDevice device;
  ASSERT_TRUE(device.connect(server.port(0), device_certificate.tls, "device-1"));
  MqttDevice intruder;
  EXPECT_FALSE(intruder.connect(server.port(1), other.tls, "device-1"));
  ASSERT_TRUE(intruder.refused);
  EXPECT_TRUE(eventually([&] {
    const auto told = server.all<registry::AuditEvent>(
        registry::query::AuditEvents{.certificate = other.id.hex()});
    return !told.empty() && trail::read(told.back()).told.cause == "ClientIdTaken"_cause;
  }));
  EXPECT_EQ(device.publish("t", "x"), ReasonCode::success);
  MqttDevice with_new_certificate;
  EXPECT_TRUE(with_new_certificate.connect(server.port(1), renewed.tls, "device-1"));
  EXPECT_EQ(device.cut_reason(), ReasonCode::session_taken_over);
}

TEST(Stop, DisconnectsEveryClient) {
  TestServer server;
  const auto client = server.enroll("c");
  MqttDevice one;
  MqttDevice two;
  MqttDevice old;
  ASSERT_TRUE(one.connect(server.port(0), client.tls, "1"));
  ASSERT_TRUE(two.connect(server.port(1), client.tls, "2"));
  ASSERT_TRUE(old.connect(server.port(1), client.tls, "3", {.version = kV3}));
  test::TlsSocket silent;
  ASSERT_TRUE(silent.open(server.port(0)));
  std::thread stopper([&] { server.stop(); });
  EXPECT_EQ(one.cut_reason(), ReasonCode::server_shutting_down);
  EXPECT_EQ(two.cut_reason(), ReasonCode::server_shutting_down);
  EXPECT_TRUE(old.is_cut());
  silent.close();
  stopper.join();
}

}  // namespace
}  // namespace imprint::server
