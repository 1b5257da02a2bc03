// SPDX-License-Identifier: Apache-2.0
#include "mqtt/client_session.h"

#include <gtest/gtest.h>
#include <string>

#include "encoding/text.h"
#include "mqtt/server_session.h"

namespace imprint::mqtt {
namespace {

constexpr Version k3 = Version::v3_1_1;
constexpr Version k5 = Version::v5;
constexpr Monotonic kStart{Seconds(1000)};

Message message(std::string topic, std::string_view payload = "x") {
  Message m{.topic = std::move(topic), .payload = {}};
  m.payload.assign(payload.begin(), payload.end());
  m.received = kStart;
  return m;
}

std::string sent(ClientSession& client) {
  std::string hex;
  while (const auto action = client.next_action()) {
    if (const auto* send = std::get_if<SendBytes>(&*action)) hex += encoding::to_hex(send->bytes);
  }
  return hex;
}

template <class T>
std::optional<T> next(ClientSession& client) {
  while (auto action = client.next_action()) {
    if (std::holds_alternative<SendBytes>(*action)) continue;
    if (!std::holds_alternative<T>(*action)) return std::nullopt;
    return std::get<T>(std::move(*action));
  }
  return std::nullopt;
}

void receive(ClientSession& client, std::string hex, Monotonic now = kStart) {
  std::erase(hex, ' ');
  client.receive(*encoding::from_hex(hex), now);
}

ClientSession connected(const ConnectOptions& options = {.version = k3}) {
  const bool five = options.version == k5;
  ClientSession client(options, kStart);
  sent(client);
  receive(client, five ? "20 03 00 00 00" : "20 02 00 00");
  EXPECT_TRUE(next<Connected>(client));
  return client;
}

TEST(ClientSession, ConnectsInBothVersions) {
  ConnectOptions three{.version = k3, .client_id = "dev", .clean_start = false};
  three.user_name = "u";
  three.will = Will{.message = std::make_shared<const Message>(message("w", "bye")),
                    .qos = QoS::at_least_once,
                    .retain = true};
  ClientSession client3(three, kStart);
  EXPECT_EQ(sent(client3),
            "101a00044d51545404ac003c0003646576000177000362796500017"
            "5");
  ConnectOptions five{.version = k5, .client_id = "dev", .session_expiry_seconds = 60};
  ClientSession client5(five, kStart);
  EXPECT_EQ(sent(client5),
            "101a00044d5154540502003c0a110000003c2700024800"
            "0003646576");
}

TEST(ClientSession, AppliesTheLimitsInConnack) {
  ClientSession client({.version = k5}, kStart);
  receive(client, "20 13 01 00 10 13 04b0 12 0002 6964 21 0001 27 00000014");
  const auto connected = next<Connected>(client);
  ASSERT_TRUE(connected);
  EXPECT_TRUE(connected->session_present);
  EXPECT_EQ(connected->assigned_client_id, "id");
  EXPECT_EQ(connected->keep_alive_seconds, 1200);
  EXPECT_EQ(client.next_deadline(), kStart + Seconds(1200));
  EXPECT_EQ(client.publish(message("t"), QoS::at_least_once, false, kStart), 1);
  const auto too_many = client.publish(message("t"), QoS::at_least_once, false, kStart);
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().fault, Fault::exhausted);
  EXPECT_EQ(client.publish(message("t", "1234567890123"), QoS::at_most_once, false, kStart), 0);
  const auto too_large =
      client.publish(message("t", "12345678901234567"), QoS::at_most_once, false, kStart);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().fault, Fault::invalid);
}

TEST(ClientSession, ReportsWhyItWasRefused) {
  ClientSession client({.version = k5}, kStart);
  receive(client, "20 08 00 87 05 1f 0002 6e6f");
  const auto refused = next<Refused>(client);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, ReasonCode::not_authorized);
  EXPECT_EQ(refused->reason, "no");
  EXPECT_EQ(next<Closed>(client)->reason, CloseReason::refused);
  EXPECT_FALSE(client.publish(message("t"), QoS::at_most_once, false, kStart));
}

TEST(ClientSession, RejectsInvalidCalls) {
  ClientSession waiting({}, kStart);
  EXPECT_EQ(waiting.publish(message("t"), QoS::at_most_once, false, kStart).error().fault,
            Fault::conflict);
  ClientSession client = connected();
  EXPECT_EQ(client.publish(message("a/+"), QoS::at_most_once, false, kStart).error().fault,
            Fault::invalid);
  EXPECT_EQ(client.publish(message("a"), QoS::exactly_once, false, kStart).error().fault,
            Fault::invalid);
  const SubscribePacket::Entry bad{"a/#/b", {}};
  EXPECT_FALSE(client.subscribe({&bad, 1}, kStart));
  EXPECT_FALSE(client.subscribe({}, kStart));
  EXPECT_FALSE(client.unsubscribe({}, kStart));
  EXPECT_EQ(sent(client), "");
}

TEST(ClientSession, LimitsUnansweredRequests) {
  ClientSession client = connected();
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(client.publish(message("t"), QoS::at_least_once, false, kStart));
  EXPECT_EQ(client.publish(message("t"), QoS::at_least_once, false, kStart).error().fault,
            Fault::exhausted);
  receive(client, "4002 0001");
  EXPECT_TRUE(client.publish(message("t"), QoS::at_least_once, false, kStart));
}

TEST(ClientSession, ClosesOnPacketsThatServersMayNotSend) {
  const struct {
    const char* name;
    Version version;
    const char* bytes;
    ReasonCode code;
  } rows[] = {
      {"second CONNACK", k3, "2002 0000", ReasonCode::protocol_error},
      {"SUBSCRIBE", k3, "82 06 0001 0001 61 00", ReasonCode::protocol_error},
      {"CONNECT", k3, "10 0c 0004 4d515454 04 02 0000 0000", ReasonCode::protocol_error},
      {"SUBACK without SUBSCRIBE", k3, "90 03 0001 00", ReasonCode::protocol_error},
      {"UNSUBACK without UNSUBSCRIBE", k5, "b0 04 0001 00 00", ReasonCode::protocol_error},
      {"QoS 2", k3, "34 05 0001 74 0001", ReasonCode::qos_not_supported},
      {"wildcard", k3, "30 03 0001 23", ReasonCode::topic_name_invalid},
      {"topic alias", k5, "30 07 0001 74 03 23 0001", ReasonCode::topic_alias_invalid},
      {"DISCONNECT in 3.1.1", k3, "e0 00", ReasonCode::protocol_error},
      {"malformed", k3, "40 01 00", ReasonCode::malformed_packet},
      {"announced length", k3, "30 ffffff7f", ReasonCode::packet_too_large},
      {"AUTH", k5, "f0 00", ReasonCode::protocol_error},
  };
  for (const auto& row : rows) {
    ClientSession client = connected({.version = row.version});
    receive(client, row.bytes);
    const auto closed = next<Closed>(client);
    ASSERT_TRUE(closed) << row.name;
    EXPECT_EQ(to_string(closed->code), to_string(row.code)) << row.name;
    EXPECT_FALSE(client.next_action()) << row.name;
  }
  ClientSession early({.version = k3}, kStart);
  receive(early, "d000");
  EXPECT_EQ(next<Closed>(early)->reason, CloseReason::protocol_error);
}

TEST(ClientSession, RequiresOneCodeForEachFilter) {
  ClientSession client = connected();
  const SubscribePacket::Entry entries[] = {{"a", {}}, {"b", {}}};
  EXPECT_EQ(client.subscribe(entries, kStart), 1);
  receive(client, "90 03 0001 00");
  EXPECT_TRUE(next<Closed>(client));
}

TEST(ClientSession, PingsAndWaitsForTheAnswer) {
  ClientSession client = connected({.version = k3, .keep_alive_seconds = 60});
  client.tick(kStart + Seconds(59));
  EXPECT_EQ(sent(client), "");
  client.tick(kStart + Seconds(60));
  EXPECT_EQ(sent(client), "c000");
  receive(client, "d000", kStart + Seconds(61));
  EXPECT_EQ(client.next_deadline(), kStart + Seconds(120));
  client.tick(kStart + Seconds(120));
  EXPECT_EQ(sent(client), "c000");
  // Sending does not extend the wait for PINGRESP.
  EXPECT_TRUE(client.publish(message("t"), QoS::at_most_once, false, kStart + Seconds(125)));
  EXPECT_EQ(client.next_deadline(), kStart + Seconds(130));
  sent(client);
  client.tick(kStart + Seconds(130));
  EXPECT_EQ(next<Closed>(client)->reason, CloseReason::keep_alive_timeout);
}

TEST(ClientSession, ClosesWithoutConnackInTime) {
  ClientSession client({.answer_timeout = Seconds(1)}, kStart);
  sent(client);
  client.tick(kStart + Milliseconds(999));
  EXPECT_FALSE(client.is_closed());
  client.tick(kStart + Seconds(1));
  EXPECT_EQ(next<Closed>(client)->reason, CloseReason::connect_timeout);
}

TEST(ClientSession, DisconnectsOnce) {
  ClientSession client = connected();
  client.disconnect();
  client.disconnect();
  EXPECT_EQ(sent(client), "e000");
  EXPECT_FALSE(client.next_deadline());
}

/// Connects both sessions; the server's host accepts everything and echoes each message.
TEST(BothSessions, UnderstandEachOther) {
  for (const Version version : {k3, k5}) {
    Limits limits;
    ServerSession server(limits, kStart);
    ClientSession client({.version = version, .client_id = "dev"}, kStart);
    std::vector<ClientAction> received;
    std::optional<Close> close;
    const auto exchange = [&] {
      for (bool busy = true; busy;) {
        busy = false;
        while (auto action = client.next_action()) {
          busy = true;
          if (const auto* send = std::get_if<SendBytes>(&*action)) {
            server.receive(send->bytes, kStart);
          } else {
            received.push_back(std::move(*action));
          }
        }
        while (auto action = server.next_action()) {
          busy = true;
          if (const auto* send = std::get_if<SendBytes>(&*action)) {
            server.written(send->bytes.size(), kStart);
            client.receive(send->bytes, kStart);
          } else if (std::holds_alternative<ConnectRequest>(*action)) {
            server.accept_connect({}, kStart);
          } else if (const auto* p = std::get_if<PublishRequest>(&*action)) {
            server.acknowledge_publish(p->packet_id);
            server.deliver(p->message, p->qos, p->retain, kStart);
          } else if (const auto* s = std::get_if<SubscribeRequest>(&*action)) {
            server.answer_subscribe(*s);
          } else if (const auto* u = std::get_if<UnsubscribeRequest>(&*action)) {
            server.answer_unsubscribe(*u);
          } else {
            close = std::get<Close>(std::move(*action));
          }
        }
      }
    };
    exchange();
    const SubscribePacket::Entry entry{"a/+", {QoS::exactly_once}};
    const auto subscription = client.subscribe({&entry, 1}, kStart);
    Message outgoing = message("a/b", std::string(70000, 'p'));
    outgoing.user_properties = {{"k", "v"}};
    const auto publication = client.publish(outgoing, QoS::at_least_once, true, kStart);
    exchange();
    const std::string_view filter = "a/+";
    const auto end = client.unsubscribe({&filter, 1}, kStart);
    exchange();
    client.disconnect();
    exchange();

    ASSERT_EQ(received.size(), 6U);
    EXPECT_TRUE(std::holds_alternative<Connected>(received[0]));
    EXPECT_EQ(std::get<Subscribed>(received[1]).packet_id, *subscription);
    EXPECT_EQ(std::get<Subscribed>(received[1]).codes, std::vector{ReasonCode::granted_qos_1});
    EXPECT_EQ(std::get<Acknowledged>(received[2]).packet_id, *publication);
    const auto& incoming = std::get<MessageReceived>(received[3]);
    EXPECT_EQ(incoming.message->payload, outgoing.payload);
    EXPECT_EQ(incoming.message->user_properties.size(), version == k5 ? 1U : 0U);
    EXPECT_EQ(incoming.qos, QoS::at_least_once);
    EXPECT_TRUE(incoming.retain);
    EXPECT_EQ(std::get<Unsubscribed>(received[4]).packet_id, *end);
    EXPECT_EQ(client.in_flight(), 0U);
    ASSERT_TRUE(close);
    EXPECT_EQ(close->reason, CloseReason::peer_disconnected);
    EXPECT_TRUE(server.take_state()->outbox.empty());
  }
}

}  // namespace
}  // namespace imprint::mqtt
