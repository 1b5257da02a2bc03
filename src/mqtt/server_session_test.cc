// SPDX-License-Identifier: Apache-2.0
#include "mqtt/server_session.h"

#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "encoding/text.h"

namespace imprint::mqtt {
namespace {

constexpr Version k3 = Version::v3_1_1;
constexpr Version k5 = Version::v5;
constexpr Monotonic kStart{Seconds(1000)};

MessagePtr message(std::string topic, std::string_view payload = "x") {
  Message m{.topic = std::move(topic), .payload = {}};
  m.payload.assign(payload.begin(), payload.end());
  m.received = kStart;
  return std::make_shared<const Message>(std::move(m));
}

ConnectPacket connect(Version version) {
  ConnectPacket packet{.version = version, .client_id = "dev"};
  packet.keep_alive = 60;
  return packet;
}

/// A session and its host; sent bytes are decoded into packets.
class Conversation {
 public:
  explicit Conversation(const Limits& limits = {})
      : limits_(limits), session_(std::make_unique<ServerSession>(limits_, kStart)) {}

  ServerSession& session() { return *session_; }
  Limits& limits() { return limits_; }
  Monotonic now = kStart;
  bool report_written = true;

  /// Sends a packet as the client and collects the session's actions.
  template <class P>
  Conversation& client(const P& packet) {
    Bytes bytes;
    encode(packet, version_, bytes);
    return raw(bytes);
  }

  Conversation& raw(BytesView bytes) {
    session_->receive(bytes, now);
    return drain();
  }

  Conversation& hex(std::string text) {
    std::erase(text, ' ');
    return raw(*encoding::from_hex(text));
  }

  Conversation& drain() {
    while (auto action = session_->next_action()) {
      EXPECT_FALSE(close_) << "an action after Close";
      if (const auto* send = std::get_if<SendBytes>(&*action)) {
        sent_.insert(sent_.end(), send->bytes.begin(), send->bytes.end());
        if (report_written) session_->written(send->bytes.size(), now);
      } else if (auto* close = std::get_if<Close>(&*action)) {
        close_ = std::move(*close);
      } else {
        requests_.push_back(std::move(*action));
      }
    }
    return *this;
  }

  Conversation& connected(ConnectPacket packet, ConnectAnswer answer = {}) {
    version_ = packet.version;
    client(packet);
    EXPECT_TRUE(take<ConnectRequest>());
    EXPECT_TRUE(session_->accept_connect(std::move(answer), now));
    return drain();
  }
  Conversation& connected(Version version) {
    connected(connect(version));
    sent_.clear();
    return *this;
  }

  /// The oldest request of the session, which must be a T.
  template <class T>
  std::optional<T> take() {
    if (requests_.empty() || !std::holds_alternative<T>(requests_.front())) return std::nullopt;
    T request = std::get<T>(std::move(requests_.front()));
    requests_.erase(requests_.begin());
    return request;
  }
  [[nodiscard]] bool idle() const { return requests_.empty() && sent_.empty() && !close_; }

  /// The next packet that was sent to the client.
  std::optional<Packet> next_sent() {
    last_sent_ = std::exchange(sent_, {});
    BytesView rest = last_sent_;
    FrameReader reader(1 << 20);
    const auto frame = reader.next(rest);
    if (!frame || !*frame) return std::nullopt;
    const auto packet = decode(**frame, version_, Sender::server);
    EXPECT_TRUE(packet) << (packet ? "" : packet.error().message);
    sent_.assign(rest.begin(), rest.end());
    kept_.push_back(std::move(last_sent_));  // the packet borrows from these bytes
    if (!packet) return std::nullopt;
    return *packet;
  }
  template <class P>
  std::optional<P> next_sent_as() {
    const auto packet = next_sent();
    if (!packet || !std::holds_alternative<P>(*packet)) return std::nullopt;
    return std::get<P>(*packet);
  }
  std::string sent_hex() { return encoding::to_hex(std::exchange(sent_, {})); }
  [[nodiscard]] const std::optional<Close>& close() const { return close_; }

  /// Expects Close with this reason and code, in MQTT 5 after a DISCONNECT with this code.
  void expect_closed(CloseReason reason, ReasonCode code, const char* what = "") {
    ASSERT_TRUE(close_) << what;
    EXPECT_EQ(to_string(close_->reason), to_string(reason)) << what << ": " << close_->detail;
    EXPECT_EQ(to_string(close_->code), to_string(code)) << what << ": " << close_->detail;
    EXPECT_FALSE(close_->detail.empty()) << what;
    if (version_ == k5) {
      std::optional<DisconnectPacket> disconnect;
      while (const auto packet = next_sent()) {
        if (const auto* d = std::get_if<DisconnectPacket>(&*packet)) disconnect = *d;
      }
      ASSERT_TRUE(disconnect) << what;
      EXPECT_EQ(to_string(disconnect->code), to_string(code)) << what;
    }
  }

 private:
  Limits limits_;
  std::unique_ptr<ServerSession> session_;
  Version version_ = k3;
  Bytes sent_;
  Bytes last_sent_;
  std::vector<Bytes> kept_;
  std::vector<ServerAction> requests_;
  std::optional<Close> close_;
};

PublishPacket publish(std::uint16_t id, std::string_view topic = "a/b",
                      std::string_view payload = "x") {
  PublishPacket packet{.topic = topic, .payload = as_bytes(payload)};
  packet.packet_id = id;
  packet.qos = id == 0 ? QoS::at_most_once : QoS::at_least_once;
  return packet;
}

SubscribePacket subscribe(std::uint16_t id, std::vector<std::string_view> filters,
                          QoS qos = QoS::at_least_once) {
  SubscribePacket packet{.packet_id = id};
  for (const std::string_view filter : filters) packet.entries.push_back({filter, {qos}});
  return packet;
}

// -------------------------------------------------------------------------------------- CONNECT

TEST(ServerSession, PassesTheWholeConnectToItsHost) {
  Conversation c;
  ConnectPacket packet = connect(k5);
  packet.clean_start = false;
  packet.user_name = "?SDK=CPPv2&Version=1.40";
  packet.password = as_bytes("secret");
  packet.properties.session_expiry_interval = 100;
  packet.properties.user = {{"k", "v"}};
  packet.will = ConnectWill{
      .qos = QoS::at_least_once, .retain = true, .topic = "w/t", .payload = as_bytes("gone")};
  packet.will->properties.will_delay_interval = 7;
  c.client(packet);
  const auto request = c.take<ConnectRequest>();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->version, k5);
  EXPECT_EQ(request->client_id, "dev");
  EXPECT_FALSE(request->clean_start);
  EXPECT_EQ(request->session_expiry, Seconds(100));
  EXPECT_EQ(request->keep_alive, Seconds(60));
  EXPECT_EQ(request->user_name, "?SDK=CPPv2&Version=1.40");
  EXPECT_TRUE(request->has_password);
  ASSERT_EQ(request->user_properties.size(), 1U);
  ASSERT_TRUE(request->will);
  EXPECT_EQ(request->will->message->topic, "w/t");
  EXPECT_EQ(request->will->qos, QoS::at_least_once);
  EXPECT_TRUE(request->will->retain);
  EXPECT_EQ(request->will->delay, Seconds(7));
}

TEST(ServerSession, SendsTheConnackPropertiesOfAws) {
  Conversation c;
  ConnectPacket packet = connect(k5);
  packet.client_id = "";
  packet.keep_alive = 0;
  packet.properties.session_expiry_interval = 4000000000;
  ConnectAnswer answer;
  answer.assigned_client_id = "id-1";
  c.connected(packet, std::move(answer));
  const auto connack = c.next_sent_as<ConnackPacket>();
  ASSERT_TRUE(connack);
  Properties expected;
  expected.maximum_qos = std::uint8_t{1};
  expected.retain_available = std::uint8_t{1};
  expected.wildcard_subscription_available = std::uint8_t{1};
  expected.shared_subscription_available = std::uint8_t{1};
  expected.subscription_identifiers_available = std::uint8_t{0};
  expected.server_keep_alive = std::uint16_t{1200};
  expected.receive_maximum = std::uint16_t{100};
  expected.topic_alias_maximum = std::uint16_t{8};
  expected.maximum_packet_size = 149504;
  expected.session_expiry_interval = 3600;
  expected.assigned_client_identifier = "id-1";
  EXPECT_TRUE(connack->properties == expected);
  EXPECT_FALSE(connack->session_present);
}

TEST(ServerSession, AnswersMqtt3WithItsReturnCodes) {
  Conversation accepted;
  accepted.connected(connect(k3));
  EXPECT_EQ(accepted.sent_hex(), "20020000");

  Conversation refused;
  refused.client(connect(k3));
  ASSERT_TRUE(refused.take<ConnectRequest>());
  refused.session().refuse_connect(ReasonCode::not_authorized, "policy denies it");
  refused.drain();
  EXPECT_EQ(refused.sent_hex(), "20020005");
  ASSERT_TRUE(refused.close());
  EXPECT_EQ(refused.close()->reason, CloseReason::refused);
  EXPECT_EQ(refused.close()->detail, "policy denies it");
}

TEST(ServerSession, ClampsTheKeepAliveAsAwsDoes) {
  const struct {
    std::uint16_t asked;
    int granted;
  } rows[] = {{0, 1200}, {1, 30}, {29, 30}, {30, 30}, {1200, 1200}, {1201, 1200}, {65535, 1200}};
  for (const auto& row : rows) {
    Conversation c;
    ConnectPacket packet = connect(k3);
    packet.keep_alive = row.asked;
    c.connected(packet);
    EXPECT_EQ(c.session().next_deadline(), kStart + Milliseconds(row.granted * 1500)) << row.asked;
  }
}

TEST(ServerSession, RefusesUnsupportedConnects) {
  ConnectPacket long_id = connect(k5);
  const std::string id(129, 'i');
  long_id.client_id = id;
  ConnectPacket nameless = connect(k3);
  nameless.client_id = "";
  nameless.clean_start = false;
  ConnectPacket authenticating = connect(k5);
  authenticating.properties.authentication_method = "SCRAM-SHA-1";
  ConnectPacket small = connect(k5);
  small.properties.maximum_packet_size = 511;
  ConnectPacket wildcard_will = connect(k5);
  wildcard_will.will = ConnectWill{.topic = "a/#"};
  ConnectPacket empty_will = connect(k5);
  empty_will.will = ConnectWill{.topic = ""};
  ConnectPacket qos2_will = connect(k5);
  qos2_will.will = ConnectWill{.qos = QoS::exactly_once, .topic = "a"};
  const struct {
    ConnectPacket packet;
    ReasonCode code;
  } rows[] = {
      {long_id, ReasonCode::client_identifier_not_valid},
      {nameless, ReasonCode::client_identifier_not_valid},
      {authenticating, ReasonCode::bad_authentication_method},
      {small, ReasonCode::unspecified_error},
      {wildcard_will, ReasonCode::topic_name_invalid},
      {empty_will, ReasonCode::topic_name_invalid},
      {qos2_will, ReasonCode::qos_not_supported},
  };
  for (const auto& row : rows) {
    Conversation c;
    Bytes bytes;
    encode(row.packet, row.packet.version, bytes);
    c.raw(bytes);
    EXPECT_FALSE(c.take<ConnectRequest>());
    ASSERT_TRUE(c.close()) << to_string(row.code);
    EXPECT_EQ(c.close()->reason, CloseReason::refused);
    EXPECT_EQ(to_string(c.close()->code), to_string(row.code));
    const std::string answer = c.sent_hex();
    EXPECT_EQ(answer.substr(0, 2), "20");
    const auto code = static_cast<unsigned>(row.code);
    EXPECT_EQ(answer.substr(6, 2), row.packet.version == k5 ? fmt::format("{:02x}", code) : "02");
  }
}

TEST(ServerSession, AcceptsTheLongestClientIdAndTheSmallestPacketSize) {
  Conversation c;
  ConnectPacket packet = connect(k5);
  const std::string id(128, 'i');
  packet.client_id = id;
  packet.properties.maximum_packet_size = 512;
  c.connected(packet);
  EXPECT_TRUE(c.session().is_connected());
}

TEST(ServerSession, RefusesOlderVersionsWithReturnCode1) {
  Conversation c;
  c.hex("10 0f 0006 4d5149736470 03 02 003c 0001 61");
  EXPECT_EQ(c.sent_hex(), "20020001");
  ASSERT_TRUE(c.close());
  EXPECT_EQ(c.close()->code, ReasonCode::unsupported_protocol_version);
}

TEST(ServerSession, RequiresConnectFirstAndOnce) {
  for (const char* packet : {"4002 0001", "c000", "e000", "2002 0000", "30 03 0001 61", "00",
                             "82 06 0001 0001 61 00", "f000", "30 ffffff7f"}) {
    Conversation c;
    c.hex(packet);
    ASSERT_TRUE(c.close()) << packet;
    EXPECT_EQ(c.close()->code, ReasonCode::protocol_error) << packet;
    EXPECT_EQ(c.close()->reason, CloseReason::not_mqtt) << packet;
    EXPECT_EQ(c.sent_hex(), "") << packet;
    EXPECT_FALSE(c.close()->was_connected);
  }
  for (const Version version : {k3, k5}) {
    Conversation c;
    c.connected(version).client(connect(version));
    c.expect_closed(CloseReason::protocol_error, ReasonCode::protocol_error);
  }
}

TEST(ServerSession, DelaysPacketsSentBeforeConnack) {
  Conversation c;
  c.client(connect(k3)).client(publish(1)).client(publish(2));
  ASSERT_TRUE(c.take<ConnectRequest>());
  EXPECT_TRUE(c.idle());
  c.session().accept_connect({}, c.now);
  c.drain();
  EXPECT_EQ(c.take<PublishRequest>()->packet_id, 1);
  EXPECT_EQ(c.take<PublishRequest>()->packet_id, 2);
}

TEST(ServerSession, DelaysNoMoreThan64KiB) {
  const Bytes ping = *encoding::from_hex("c000");
  Bytes much;
  while (much.size() < std::size_t{64} * 1024) much.insert(much.end(), ping.begin(), ping.end());
  Conversation c;
  c.client(connect(k3)).raw(much);
  EXPECT_FALSE(c.close());
  c.raw(ping);
  c.expect_closed(CloseReason::limit_exceeded, ReasonCode::packet_too_large);
  EXPECT_FALSE(c.session().accept_connect({}, c.now));
}

TEST(ServerSession, LimitsTheSizeOfConnect) {
  Conversation at_limit;
  at_limit.hex("10 fcff03");  // 65,532 after a header of four
  EXPECT_FALSE(at_limit.close());
  Conversation past_limit;
  past_limit.hex("10 fdff03");
  past_limit.expect_closed(CloseReason::limit_exceeded, ReasonCode::packet_too_large);
}

// -------------------------------------------------------------------------------------- PUBLISH

TEST(ServerSession, AcknowledgesWhenTheHostDoes) {
  Conversation c;
  c.connected(k5).client(publish(7, "t", "payload")).client(publish(8));
  const auto request = c.take<PublishRequest>();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->message->topic, "t");
  EXPECT_EQ(as_text(request->message->payload), "payload");
  EXPECT_EQ(c.sent_hex(), "");
  EXPECT_TRUE(c.session().acknowledge_publish(8));
  EXPECT_TRUE(c.session().acknowledge_publish(7, ReasonCode::not_authorized, "no"));
  EXPECT_FALSE(c.session().acknowledge_publish(7));
  EXPECT_FALSE(c.session().acknowledge_publish(0));
  c.drain();
  EXPECT_EQ(c.sent_hex(),
            "40020008"
            "4009000787051f00026e6f");
}

TEST(ServerSession, ForwardsTheMessagesProperties) {
  Conversation c;
  PublishPacket packet = publish(0);
  packet.retain = true;
  Properties& p = packet.properties;
  p.payload_format_indicator = std::uint8_t{1};
  p.message_expiry_interval = 4000000000;
  p.content_type = "application/json";
  p.response_topic = "reply";
  p.correlation_data = as_bytes("c");
  p.user = {{"b", "1"}, {"a", "2"}};
  c.connected(k5).client(packet);
  const auto request = c.take<PublishRequest>();
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->retain);
  const Message& m = *request->message;
  EXPECT_EQ(m.expiry, Seconds(604800));
  PublishPacket forwarded = to_publish(m, kStart + Seconds(800));
  EXPECT_EQ(forwarded.properties.message_expiry_interval, 604000U);
  forwarded.properties.message_expiry_interval = p.message_expiry_interval;
  EXPECT_TRUE(forwarded.properties == p);
}

TEST(ServerSession, ResolvesTopicAliases) {
  Conversation c;
  PublishPacket named = publish(0, "first");
  named.properties.topic_alias = std::uint16_t{8};
  PublishPacket renamed = publish(0, "second");
  renamed.properties.topic_alias = std::uint16_t{8};
  PublishPacket bare = publish(0, "");
  bare.properties.topic_alias = std::uint16_t{8};
  c.connected(k5).client(named).client(bare).client(renamed).client(bare);
  for (const char* topic : {"first", "first", "second", "second"})
    EXPECT_EQ(c.take<PublishRequest>()->message->topic, topic);
  bare.properties.topic_alias = std::uint16_t{7};
  c.client(bare);
  c.expect_closed(CloseReason::protocol_error, ReasonCode::protocol_error);
}

TEST(ServerSession, ClosesOnInvalidPublishes) {
  const std::string long_topic(257, 't');
  const std::string payload(131073, 'p');
  const std::string text(257, 'c');
  const std::string correlation(8193, 'c');
  const std::string user_value(8192, 'u');
  PublishPacket qos2 = publish(1);
  qos2.qos = QoS::exactly_once;
  PublishPacket alias = publish(0);
  alias.properties.topic_alias = std::uint16_t{9};
  PublishPacket content = publish(0);
  content.properties.content_type = text;
  PublishPacket response = publish(0);
  response.properties.response_topic = text;
  PublishPacket wild_response = publish(0);
  wild_response.properties.response_topic = "a/#";
  PublishPacket correlated = publish(0);
  correlated.properties.correlation_data = as_bytes(correlation);
  PublishPacket user = publish(0);
  user.properties.user = {{"k", user_value}};
  const struct {
    const char* name;
    PublishPacket packet;
    CloseReason reason;
    ReasonCode code;
  } rows[] = {
      {"QoS 2", qos2, CloseReason::not_supported, ReasonCode::qos_not_supported},
      {"payload", publish(0, "t", payload), CloseReason::limit_exceeded,
       ReasonCode::packet_too_large},
      {"long topic", publish(0, long_topic), CloseReason::protocol_error,
       ReasonCode::topic_name_invalid},
      {"deep topic", publish(0, "1/2/3/4/5/6/7/8/9"), CloseReason::protocol_error,
       ReasonCode::topic_name_invalid},
      {"wildcard", publish(1, "a/+"), CloseReason::protocol_error, ReasonCode::topic_name_invalid},
      {"alias", alias, CloseReason::limit_exceeded, ReasonCode::topic_alias_invalid},
      {"content type", content, CloseReason::limit_exceeded, ReasonCode::quota_exceeded},
      {"response topic", response, CloseReason::limit_exceeded, ReasonCode::quota_exceeded},
      {"wild response topic", wild_response, CloseReason::protocol_error,
       ReasonCode::protocol_error},
      {"correlation data", correlated, CloseReason::limit_exceeded, ReasonCode::quota_exceeded},
      {"user properties", user, CloseReason::limit_exceeded, ReasonCode::quota_exceeded},
  };
  for (const auto& row : rows) {
    Conversation c;
    c.connected(k5).client(row.packet);
    EXPECT_FALSE(c.take<PublishRequest>()) << row.name;
    c.expect_closed(row.reason, row.code, row.name);
  }
  Conversation three;
  three.connected(k3).client(qos2);
  three.expect_closed(CloseReason::not_supported, ReasonCode::qos_not_supported);
  EXPECT_EQ(three.sent_hex(), "");
}

TEST(ServerSession, AcceptsPublishesAtEveryLimit) {
  const std::string topic(256, 't');
  const std::string payload(131072, 'p');
  const std::string text(256, 'c');
  const std::string correlation(8192, 'c');
  const std::string user_value(8191, 'u');
  PublishPacket packet = publish(1, topic, payload);
  packet.properties.content_type = text;
  packet.properties.response_topic = text;
  packet.properties.correlation_data = as_bytes(correlation);
  packet.properties.user = {{"k", user_value}};
  packet.properties.topic_alias = std::uint16_t{8};
  Conversation c;
  c.connected(k5).client(packet).client(publish(2, "1/2/3/4/5/6/7/8"));
  EXPECT_TRUE(c.take<PublishRequest>());
  EXPECT_TRUE(c.take<PublishRequest>());
  EXPECT_FALSE(c.close());
}

TEST(ServerSession, EnforcesItsReceiveMaximum) {
  for (const Version version : {k3, k5}) {
    Conversation c;
    c.connected(version);
    for (std::uint16_t id = 1; id <= 100; ++id) c.client(publish(id));
    EXPECT_FALSE(c.close());
    EXPECT_TRUE(c.session().acknowledge_publish(50));
    c.drain().client(publish(101)).client(publish(0));
    EXPECT_FALSE(c.close());
    c.client(publish(102));
    c.expect_closed(CloseReason::limit_exceeded, ReasonCode::receive_maximum_exceeded);
  }
}

TEST(ServerSession, HandlesRepeatedPublishIdentifiers) {
  Conversation five;
  five.connected(k5).client(publish(1)).client(publish(1));
  EXPECT_EQ(five.sent_hex(), "4003000191");
  Conversation three;
  three.connected(k3).client(publish(1)).client(publish(1));
  EXPECT_EQ(three.sent_hex(), "");
  EXPECT_TRUE(three.take<PublishRequest>());
  EXPECT_FALSE(three.take<PublishRequest>());
  EXPECT_TRUE(three.session().acknowledge_publish(1));
  three.drain().client(publish(1));
  EXPECT_TRUE(three.take<PublishRequest>());
}

TEST(ServerSession, ParsesFurtherPacketsOnlyAsItsHostDrains) {
  Conversation c;
  c.connected(k3);
  Bytes many;
  for (std::uint16_t id = 1; id <= 100; ++id) encode(publish(id), k3, many);
  encode(DisconnectPacket{}, k3, many);
  c.session().receive(many, c.now);
  EXPECT_FALSE(c.session().is_closed());
  std::uint16_t seen = 0;
  while (const auto action = c.session().next_action()) {
    if (const auto* request = std::get_if<PublishRequest>(&*action)) {
      EXPECT_EQ(request->packet_id, ++seen);
      EXPECT_TRUE(c.session().acknowledge_publish(request->packet_id));
    } else if (const auto* send = std::get_if<SendBytes>(&*action)) {
      EXPECT_EQ(send->bytes.size(), 400U);  // all acknowledgements in one piece
    }
  }
  EXPECT_EQ(seen, 100);
  EXPECT_TRUE(c.session().is_closed());
}

TEST(ServerSession, ClosesOnServerPacketsAndUnsupportedPackets) {
  for (const char* packet : {"2002 0000", "9003 0001 00", "b002 0001", "d000", "5002 0001",
                             "6202 0001", "7002 0001", "f000"}) {
    Conversation c;
    c.connected(k3).hex(packet);
    c.expect_closed(CloseReason::protocol_error, ReasonCode::protocol_error, packet);
  }
}

// ---------------------------------------------------------------------- SUBSCRIBE, UNSUBSCRIBE

TEST(ServerSession, AddsTheSubscriptionsThatItsHostGrants) {
  Conversation c;
  c.connected(k5).client(subscribe(5, {"a/+", "b", "c/#/d"}, QoS::exactly_once));
  auto request = c.take<SubscribeRequest>();
  ASSERT_TRUE(request);
  ASSERT_EQ(request->entries.size(), 3U);
  EXPECT_EQ(request->entries[0].options.qos, QoS::at_least_once);
  EXPECT_EQ(request->entries[0].code, ReasonCode::granted_qos_1);
  EXPECT_TRUE(request->entries[0].is_new);
  EXPECT_EQ(request->entries[2].code, ReasonCode::topic_filter_invalid);
  request->entries[1].code = ReasonCode::not_authorized;
  c.session().answer_subscribe(*request);
  c.drain();
  EXPECT_EQ(c.sent_hex(),
            "90060005"
            "00"
            "01878f");
  ASSERT_EQ(c.session().subscriptions().size(), 1U);
  EXPECT_EQ(c.session().subscriptions()[0].filter, "a/+");

  c.session().answer_subscribe(*request);  // a second answer is ignored
  c.drain();
  EXPECT_TRUE(c.idle());

  c.client(subscribe(6, {"a/+"}, QoS::at_most_once));
  request = c.take<SubscribeRequest>();
  EXPECT_FALSE(request->entries[0].is_new);
  c.session().answer_subscribe(*request);
  c.drain();
  EXPECT_EQ(c.session().subscriptions().size(), 1U);
  EXPECT_EQ(c.session().subscriptions()[0].options.qos, QoS::at_most_once);
}

TEST(ServerSession, AnswersFailedMqtt3SubscriptionsWith0x80) {
  Conversation c;
  c.connected(k3).client(subscribe(5, {"a", "#/a"}));
  c.session().answer_subscribe(*c.take<SubscribeRequest>());
  c.drain();
  EXPECT_EQ(c.sent_hex(), "900400050180");
}

TEST(ServerSession, RemovesSubscriptions) {
  Conversation c;
  c.connected(k5).client(subscribe(1, {"a", "b"}));
  c.session().answer_subscribe(*c.take<SubscribeRequest>());
  c.drain().sent_hex();
  c.client(UnsubscribePacket{.packet_id = 2, .filters = {"a", "x", "#/"}});
  const auto request = c.take<UnsubscribeRequest>();
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->entries[0].existed);
  EXPECT_FALSE(request->entries[1].existed);
  c.session().answer_unsubscribe(*request);
  c.drain();
  EXPECT_EQ(c.sent_hex(),
            "b006000200"
            "00118f");
  ASSERT_EQ(c.session().subscriptions().size(), 1U);
  EXPECT_EQ(c.session().subscriptions()[0].filter, "b");
}

TEST(ServerSession, GrantsAtMostFiftySubscriptions) {
  Conversation c;
  c.connected(k5);
  std::uint16_t id = 0;
  std::vector<SubscribeRequest> waiting;  // unanswered requests count too
  for (int i = 0; i < 49; ++i) {
    const std::string filter = fmt::format("f/{}", i);
    c.client(subscribe(++id, {filter}));
    waiting.push_back(*c.take<SubscribeRequest>());
  }
  c.client(subscribe(++id, {"f/last", "f/last", "f/one-too-many"}));
  auto request = *c.take<SubscribeRequest>();
  EXPECT_EQ(request.entries[0].code, ReasonCode::granted_qos_1);
  EXPECT_EQ(request.entries[1].code, ReasonCode::granted_qos_1);
  EXPECT_EQ(request.entries[2].code, ReasonCode::quota_exceeded);
  waiting.push_back(request);
  for (const SubscribeRequest& each : waiting) c.session().answer_subscribe(each);
  c.drain().sent_hex();
  EXPECT_EQ(c.session().subscriptions().size(), 50U);
  c.client(subscribe(++id, {"f/0", "other"}));
  request = *c.take<SubscribeRequest>();
  EXPECT_EQ(request.entries[0].code, ReasonCode::granted_qos_1);
  EXPECT_EQ(request.entries[1].code, ReasonCode::quota_exceeded);
  c.session().answer_subscribe(request);
  c.client(UnsubscribePacket{.packet_id = 900, .filters = {"f/0"}});
  c.session().answer_unsubscribe(*c.take<UnsubscribeRequest>());
  c.client(subscribe(++id, {"other"}));
  EXPECT_EQ(c.take<SubscribeRequest>()->entries[0].code, ReasonCode::granted_qos_1);
}

TEST(ServerSession, DoesNotCountDeniedFilters) {
  Conversation c;
  c.connected(k3);
  for (std::uint16_t id = 1; id <= 200; ++id) {
    const std::string filter = fmt::format("f/{}", id);
    c.client(subscribe(id, {filter}));
    auto request = *c.take<SubscribeRequest>();
    EXPECT_EQ(request.entries[0].code, ReasonCode::granted_qos_1) << id;
    request.entries[0].code = ReasonCode::not_authorized;
    c.session().answer_subscribe(request);
    c.drain();
  }
}

TEST(ServerSession, ClosesOnInvalidSubscribes) {
  SubscribePacket nine = subscribe(1, {"1", "2", "3", "4", "5", "6", "7", "8", "9"});
  SubscribePacket identified = subscribe(1, {"a"});
  identified.properties.subscription_identifiers = {1};
  SubscribePacket shared = subscribe(1, {"$share/g/a"});
  shared.entries[0].options.no_local = true;
  const struct {
    SubscribePacket packet;
    CloseReason reason;
    ReasonCode code;
  } rows[] = {
      {nine, CloseReason::limit_exceeded, ReasonCode::quota_exceeded},
      {identified, CloseReason::not_supported, ReasonCode::subscription_identifiers_not_supported},
      {shared, CloseReason::protocol_error, ReasonCode::protocol_error},
  };
  for (const auto& row : rows) {
    Conversation c;
    c.connected(k5).client(row.packet);
    EXPECT_FALSE(c.take<SubscribeRequest>());
    c.expect_closed(row.reason, row.code);
  }
  Conversation eight;
  eight.connected(k5).client(subscribe(1, {"1", "2", "3", "4", "5", "6", "7", "8"}));
  EXPECT_EQ(eight.take<SubscribeRequest>()->entries.size(), 8U);
}

TEST(ServerSession, LimitsUnansweredRequests) {
  Limits limits;
  limits.pending_requests = 2;
  Conversation c(limits);
  c.connected(k5).client(subscribe(1, {"a"}));
  c.client(UnsubscribePacket{.packet_id = 2, .filters = {"a"}});
  EXPECT_FALSE(c.close());
  c.client(subscribe(3, {"a"}));
  c.expect_closed(CloseReason::limit_exceeded, ReasonCode::quota_exceeded);
}

TEST(ServerSession, RejectsIdentifiersInUse) {
  Conversation five;
  five.connected(k5).client(subscribe(1, {"a"})).client(subscribe(1, {"b", "c"}));
  EXPECT_EQ(five.sent_hex(), "90050001009191");
  five.client(UnsubscribePacket{.packet_id = 1, .filters = {"a"}});
  EXPECT_EQ(five.sent_hex(), "b00400010091");
  Conversation three;
  three.connected(k3).client(publish(1)).client(subscribe(1, {"a"}));
  three.expect_closed(CloseReason::protocol_error, ReasonCode::protocol_error);
}

// ------------------------------------------------------------------------------------ delivery

TEST(ServerSession, DeliversInTheClientsVersion) {
  auto m = std::make_shared<Message>(*message("a", "hi"));
  m->content_type = "j";
  Conversation three;
  three.connected(k3);
  EXPECT_TRUE(three.session().deliver(m, QoS::at_most_once, false, kStart));
  EXPECT_TRUE(three.session().deliver(m, QoS::at_least_once, true, kStart));
  three.drain();
  EXPECT_EQ(three.sent_hex(),
            "3005000161"
            "6869"
            "3307000161"
            "0001"
            "6869");
  Conversation five;
  five.connected(k5);
  five.session().deliver(m, QoS::at_most_once, false, kStart);
  five.drain();
  EXPECT_EQ(five.sent_hex(),
            "300a000161"
            "0403000"
            "16a"
            "6869");
}

TEST(ServerSession, RespectsTheClientsReceiveMaximum) {
  Conversation c;
  ConnectPacket packet = connect(k5);
  packet.properties.receive_maximum = std::uint16_t{2};
  c.connected(packet).sent_hex();
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(c.session().deliver(message("t"), QoS::at_least_once, false, kStart));
  c.drain();
  EXPECT_EQ(c.next_sent_as<PublishPacket>()->packet_id, 1);
  EXPECT_EQ(c.next_sent_as<PublishPacket>()->packet_id, 2);
  EXPECT_FALSE(c.next_sent());
  c.client(PubackPacket{.packet_id = 77});
  EXPECT_FALSE(c.next_sent());
  c.client(PubackPacket{.packet_id = 2, .code = ReasonCode::unspecified_error});
  EXPECT_EQ(c.next_sent_as<PublishPacket>()->packet_id, 3);
  EXPECT_FALSE(c.next_sent());
}

TEST(ServerSession, LimitsTheWindowToOneHundred) {
  Conversation c;
  c.connected(k3);
  for (int i = 0; i < 101; ++i)
    c.session().deliver(message("t"), QoS::at_least_once, false, kStart);
  c.drain();
  int sent = 0;
  while (c.next_sent()) ++sent;
  EXPECT_EQ(sent, 100);
}

TEST(ServerSession, DropsQos0FirstWhenTheQueueIsFull) {
  Limits limits;
  limits.queue_messages = 3;
  Conversation c(limits);
  ConnectPacket packet = connect(k5);
  packet.properties.receive_maximum = std::uint16_t{1};
  c.connected(packet).sent_hex();
  ServerSession& s = c.session();
  EXPECT_TRUE(s.deliver(message("in-flight"), QoS::at_least_once, false, kStart));
  EXPECT_TRUE(s.deliver(message("first"), QoS::at_least_once, false, kStart));
  EXPECT_TRUE(s.deliver(message("zero"), QoS::at_most_once, false, kStart));
  EXPECT_TRUE(s.deliver(message("second"), QoS::at_least_once, false, kStart));
  EXPECT_FALSE(s.deliver(message("zero"), QoS::at_most_once, false, kStart));
  EXPECT_TRUE(s.deliver(message("third"), QoS::at_least_once, false, kStart));
  EXPECT_FALSE(s.deliver(message("fourth"), QoS::at_least_once, false, kStart));
  c.drain();
  for (const char* topic : {"in-flight", "first", "second", "third"}) {
    const auto publish = c.next_sent_as<PublishPacket>();
    ASSERT_TRUE(publish);
    EXPECT_EQ(publish->topic, topic);
    c.client(PubackPacket{.packet_id = publish->packet_id});
  }
  EXPECT_FALSE(c.next_sent());
}

TEST(ServerSession, LimitsTheQueueInBytes) {
  Limits limits;
  limits.queue_bytes = 3 * weight(*message("t"));
  limits.receive_maximum = 1;
  Conversation c(limits);
  c.connected(k3);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(c.session().deliver(message("t"), QoS::at_least_once, false, kStart)) << i;
  EXPECT_FALSE(c.session().deliver(message("t"), QoS::at_least_once, false, kStart));
  c.drain().client(PubackPacket{.packet_id = 1});
  EXPECT_TRUE(c.session().deliver(message("t"), QoS::at_least_once, false, kStart));
  EXPECT_FALSE(c.session().deliver(message("t", std::string(limits.queue_bytes, 'x')),
                                   QoS::at_least_once, false, kStart));
}

TEST(ServerSession, DropsMessagesThatAreTooLargeForTheClient) {
  Conversation c;
  ConnectPacket packet = connect(k5);
  packet.properties.maximum_packet_size = 512;
  c.connected(packet).sent_hex();
  // 1 + 2 header, 2 + 1 topic, 2 id, 1 property length
  c.session().deliver(message("t", std::string(504, 'x')), QoS::at_least_once, false, kStart);
  c.session().deliver(message("t", std::string(503, 'x')), QoS::at_least_once, false, kStart);
  c.drain();
  EXPECT_EQ(c.next_sent_as<PublishPacket>()->payload.size(), 503U);
  EXPECT_FALSE(c.next_sent());
}

TEST(ServerSession, DropsMessagesThatExpireInTheQueue) {
  Conversation c;
  ConnectPacket packet = connect(k5);
  packet.properties.receive_maximum = std::uint16_t{1};
  c.connected(packet).sent_hex();
  auto soon = std::make_shared<Message>(*message("soon"));
  soon->expiry = Seconds(10);
  auto later = std::make_shared<Message>(*message("later"));
  later->expiry = Seconds(100);
  c.session().deliver(message("first"), QoS::at_least_once, false, kStart);
  c.session().deliver(soon, QoS::at_least_once, false, kStart);
  c.session().deliver(later, QoS::at_least_once, false, kStart);
  c.drain().sent_hex();
  c.now = kStart + Seconds(10);
  c.client(PubackPacket{.packet_id = 1});
  const auto publish = c.next_sent_as<PublishPacket>();
  ASSERT_TRUE(publish);
  EXPECT_EQ(publish->topic, "later");
  EXPECT_EQ(publish->properties.message_expiry_interval, 90U);
}

TEST(ServerSession, WaitsForSlowReadersWithoutEncodingCopies) {
  Conversation c;
  c.connected(k3);
  c.report_written = false;
  const MessagePtr big = message("t", std::string(40000, 'x'));
  for (int i = 0; i < 5; ++i) c.session().deliver(big, QoS::at_most_once, false, kStart);
  c.drain();
  EXPECT_EQ(c.session().unwritten(), 2 * 40007U);
  c.session().written(20000, kStart);
  c.drain();
  EXPECT_EQ(c.session().unwritten(), 3 * 40007U - 20000U);
  EXPECT_GT(big.use_count(), 1);
  c.session().written(c.session().unwritten(), kStart);
  c.drain();
  c.session().written(c.session().unwritten(), kStart);
  EXPECT_EQ(big.use_count(), 1);
}

TEST(ServerSession, ClosesOnClientsThatDoNotReadAnswers) {
  Conversation c;
  c.connected(k3);
  c.report_written = false;
  Bytes pings;
  for (int i = 0; i < 1024; ++i) encode(PingreqPacket{}, k3, pings);
  for (int i = 0; i < 256; ++i) c.raw(pings);
  EXPECT_FALSE(c.close());
  c.client(PingreqPacket{}).client(PingreqPacket{});
  c.expect_closed(CloseReason::slow_reader, ReasonCode::quota_exceeded);
}

// ------------------------------------------------------------------------------ reason strings

TEST(ServerSession, SendsReasonStringsOnlyIfTheClientAllowsThem) {
  const auto answer_to = [](ConnectPacket packet) {
    Conversation c;
    c.connected(packet).sent_hex();
    c.client(publish(1));
    c.session().acknowledge_publish(1, ReasonCode::not_authorized, std::string(480, 'r'));
    c.drain();
    return c.next_sent_as<PubackPacket>()->properties.reason_string.value_or("").size();
  };
  ConnectPacket packet = connect(k5);
  EXPECT_EQ(answer_to(packet), 256U);
  packet.properties.request_problem_information = std::uint8_t{1};
  EXPECT_EQ(answer_to(packet), 256U);
  packet.properties.request_problem_information = std::uint8_t{0};
  EXPECT_EQ(answer_to(packet), 0U);
  EXPECT_EQ(answer_to(connect(k3)), 0U);
}

TEST(ServerSession, OmitsReasonStringsThatExceedTheMaximumPacketSize) {
  Limits limits;
  limits.least_client_packet_bytes = 16;
  Conversation c(limits);
  ConnectPacket packet = connect(k5);
  packet.properties.maximum_packet_size = 16;
  c.connected(packet).sent_hex();
  c.client(publish(1)).client(publish(2));
  c.session().acknowledge_publish(1, ReasonCode::quota_exceeded, "1234567");  // 16 bytes
  c.session().acknowledge_publish(2, ReasonCode::quota_exceeded, "12345678");
  c.drain();
  EXPECT_EQ(c.next_sent_as<PubackPacket>()->properties.reason_string, "1234567");
  EXPECT_EQ(c.next_sent_as<PubackPacket>()->properties.reason_string, std::nullopt);
}

TEST(ServerSession, CutsReasonStringsBetweenCharacters) {
  Conversation c;
  c.connected(k5).client(publish(1));
  std::string reason = "x";
  for (int i = 0; i < 200; ++i) reason += "\xc3\xa9";
  c.session().acknowledge_publish(1, ReasonCode::quota_exceeded, reason);
  c.drain();
  EXPECT_EQ(c.next_sent_as<PubackPacket>()->properties.reason_string->size(), 255U);
}

TEST(ServerSession, ReplacesCodesThatThePacketDoesNotAllow) {
  Conversation c;
  c.connected(k5);
  c.session().disconnect(ReasonCode::client_identifier_not_valid);
  c.drain();
  EXPECT_EQ(c.next_sent_as<DisconnectPacket>()->code, ReasonCode::unspecified_error);
}

// -------------------------------------------------------------------------------------- the end

TEST(ServerSession, ReturnsTheWillUnlessTheClientDisconnectsNormally) {
  const auto with_will = [](Version version) {
    ConnectPacket packet = connect(version);
    packet.will = ConnectWill{.topic = "w"};
    return packet;
  };
  const struct {
    const char* name;
    std::function<void(Conversation&)> end;
    bool due;
  } rows[] = {
      {"normal DISCONNECT", [](Conversation& c) { c.client(DisconnectPacket{}); }, false},
      {"lost", [](Conversation& c) { c.session().connection_lost(); }, true},
      {"violation", [](Conversation& c) { c.hex("d000"); }, true},
      {"taken over",
       [](Conversation& c) { c.session().disconnect(ReasonCode::session_taken_over); }, true},
      {"silence", [](Conversation& c) { c.session().tick(kStart + Seconds(90)); }, true},
  };
  for (const Version version : {k3, k5}) {
    for (const auto& row : rows) {
      Conversation c;
      c.connected(with_will(version));
      row.end(c);
      c.drain();
      ASSERT_TRUE(c.close()) << row.name;
      EXPECT_EQ(c.close()->will.has_value(), row.due) << row.name;
      EXPECT_TRUE(c.close()->was_connected);
    }
  }
  Conversation asked;
  asked.connected(with_will(k5)).client(DisconnectPacket{.code = ReasonCode::disconnect_with_will});
  EXPECT_EQ(asked.close()->reason, CloseReason::peer_disconnected);
  EXPECT_TRUE(asked.close()->will);

  Conversation refused;
  refused.client(with_will(k3));
  refused.session().refuse_connect(ReasonCode::not_authorized);
  refused.drain();
  EXPECT_FALSE(refused.close()->will);
  Conversation undecided;
  undecided.client(with_will(k3)).session().connection_lost();
  undecided.drain();
  EXPECT_FALSE(undecided.close()->will);
}

TEST(ServerSession, DisconnectsInMqtt5AndJustClosesInMqtt3) {
  Conversation five;
  five.connected(k5).session().disconnect(ReasonCode::server_shutting_down, "bye");
  five.drain();
  EXPECT_EQ(five.sent_hex(), "e0088b061f0003627965");
  EXPECT_EQ(five.close()->reason, CloseReason::host_disconnected);
  Conversation three;
  three.connected(k3).session().disconnect(ReasonCode::server_shutting_down, "bye");
  three.drain();
  EXPECT_EQ(three.sent_hex(), "");
  EXPECT_EQ(three.close()->reason, CloseReason::host_disconnected);
}

TEST(ServerSession, LetsDisconnectChangeTheSessionsExpiry) {
  const auto end_with = [](std::uint32_t connect_expiry, std::uint32_t disconnect_expiry) {
    Conversation c;
    ConnectPacket packet = connect(k5);
    packet.properties.session_expiry_interval = connect_expiry;
    c.connected(packet).sent_hex();
    DisconnectPacket disconnect;
    disconnect.properties.session_expiry_interval = disconnect_expiry;
    c.client(disconnect);
    return *c.close();
  };
  EXPECT_EQ(end_with(100, 0).session_expiry, Seconds(0));
  EXPECT_EQ(end_with(100, 0xFFFFFFFF).session_expiry, Seconds(3600));
  EXPECT_EQ(end_with(0, 0).reason, CloseReason::peer_disconnected);
  EXPECT_EQ(end_with(0, 1).reason, CloseReason::protocol_error);
}

TEST(ServerSession, KeepsMqtt3SessionsUnlessTheyAreClean) {
  for (const bool clean : {true, false}) {
    Conversation c;
    ConnectPacket packet = connect(k3);
    packet.clean_start = clean;
    c.connected(packet).session().connection_lost();
    c.drain();
    EXPECT_EQ(c.close()->session_expiry, Seconds(clean ? 0 : 3600));
  }
}

TEST(ServerSession, IgnoresEverythingAfterTheEnd) {
  Conversation c;
  c.connected(k5).client(publish(1)).client(subscribe(2, {"a"}));
  const auto request = [&] {
    (void)c.take<PublishRequest>();
    return *c.take<SubscribeRequest>();
  }();
  c.session().connection_lost();
  c.drain();
  EXPECT_FALSE(c.session().acknowledge_publish(1));
  c.session().answer_subscribe(request);
  c.session().refuse_connect(ReasonCode::banned);
  c.session().disconnect(ReasonCode::banned);
  c.session().connection_lost();
  c.session().tick(kStart + Seconds(10000));
  c.session().written(1, kStart);
  c.client(publish(3));
  c.drain();
  EXPECT_FALSE(c.session().next_deadline());
  EXPECT_EQ(c.sent_hex(), "");
}

// ----------------------------------------------------------------------------------------- time

TEST(ServerSession, WaitsTenSecondsForConnect) {
  Conversation c;
  EXPECT_EQ(c.session().next_deadline(), kStart + Seconds(10));
  c.now = kStart + Seconds(9);
  c.hex("10 0c 0004");
  c.session().tick(kStart + Milliseconds(9999));
  c.drain();
  EXPECT_FALSE(c.close());
  c.session().tick(kStart + Seconds(10));
  c.drain();
  c.expect_closed(CloseReason::connect_timeout, ReasonCode::unspecified_error);
}

TEST(ServerSession, WaitsTwentySecondsForItsHostsDecision) {
  Conversation c;
  c.client(connect(k3));
  EXPECT_EQ(c.session().next_deadline(), c.now + Seconds(20));
  c.now = kStart + Seconds(19);
  c.session().tick(c.now);
  c.session().accept_connect({}, c.now);
  EXPECT_EQ(c.session().next_deadline(), c.now + Seconds(90));
}

TEST(ServerSession, RefusesAConnectThatItsHostDoesNotAnswer) {
  Conversation c;
  c.client(connect(k5));
  c.now = kStart + Seconds(20);
  c.session().tick(c.now);
  c.drain();
  c.expect_closed(CloseReason::refused, ReasonCode::server_unavailable);
  EXPECT_FALSE(c.session().accept_connect({}, c.now)) << "too late";
}

TEST(ServerSession, ClosesOnSilentClientsAfterOneAndAHalfKeepAlives) {
  Conversation c;
  c.connected(k5);
  c.now = kStart + Seconds(50);
  c.client(PingreqPacket{});
  EXPECT_EQ(c.sent_hex(), "d000");
  EXPECT_EQ(c.session().next_deadline(), kStart + Seconds(140));
  c.session().tick(kStart + Milliseconds(139999));
  c.drain();
  EXPECT_FALSE(c.close());
  c.session().tick(kStart + Seconds(140));
  c.drain();
  c.expect_closed(CloseReason::keep_alive_timeout, ReasonCode::keep_alive_timeout);
}

TEST(ServerSession, GivesAPacketTwentySecondsToArrive) {
  Conversation c;
  c.connected(k3);
  c.now = kStart + Seconds(10);
  c.hex("30 05 0001");
  EXPECT_EQ(c.session().next_deadline(), kStart + Seconds(30));
  c.now = kStart + Seconds(29);
  c.hex("61");  // further bytes do not extend the time
  EXPECT_EQ(c.session().next_deadline(), kStart + Seconds(30));
  c.hex("6162 30");  // a complete packet does; the next one has its own time
  EXPECT_EQ(c.session().next_deadline(), kStart + Seconds(49));
  c.session().tick(kStart + Seconds(49));
  c.drain();
  c.expect_closed(CloseReason::packet_timeout, ReasonCode::unspecified_error);
}

// -------------------------------------------------------------------------- persistent sessions

TEST(ServerSession, ResendsUnacknowledgedMessagesAfterResuming) {
  Conversation first;
  ConnectPacket packet = connect(k5);
  packet.properties.session_expiry_interval = 60;
  packet.properties.receive_maximum = std::uint16_t{2};
  first.connected(packet).sent_hex();
  first.client(subscribe(1, {"t/+"}));
  first.session().answer_subscribe(*first.take<SubscribeRequest>());
  for (const char* topic : {"t/1", "t/2", "t/3"})
    first.session().deliver(message(topic), QoS::at_least_once, false, kStart);
  first.session().deliver(message("t/zero"), QoS::at_most_once, false, kStart);
  first.drain().client(PubackPacket{.packet_id = 1});
  first.session().disconnect(ReasonCode::session_taken_over);
  auto state = first.drain().session().take_state();
  ASSERT_EQ(state->subscriptions.size(), 1U);
  EXPECT_TRUE(first.session().subscriptions().empty());
  state->outbox.push(message("t/parked"), QoS::at_least_once, false, first.limits());

  Conversation second;
  packet.clean_start = false;
  ConnectAnswer answer;
  answer.session = std::move(state);
  second.connected(packet, std::move(answer));
  EXPECT_TRUE(second.next_sent_as<ConnackPacket>()->session_present);
  const auto again2 = second.next_sent_as<PublishPacket>();
  EXPECT_EQ(again2->topic, "t/2");
  EXPECT_EQ(again2->packet_id, 2);
  EXPECT_TRUE(again2->dup);
  const auto again3 = second.next_sent_as<PublishPacket>();
  EXPECT_EQ(again3->topic, "t/3");
  EXPECT_TRUE(again3->dup);
  EXPECT_FALSE(second.next_sent());
  second.client(PubackPacket{.packet_id = 3});
  const auto parked = second.next_sent_as<PublishPacket>();
  EXPECT_EQ(parked->topic, "t/parked");
  EXPECT_FALSE(parked->dup);
  EXPECT_EQ(second.session().subscriptions().size(), 1U);
}

TEST(ServerSession, ResendsWithinASmallerWindow) {
  Conversation first;
  first.connected(k5);
  for (int i = 0; i < 3; ++i)
    first.session().deliver(message("t"), QoS::at_least_once, false, kStart);
  first.drain().session().connection_lost();
  Conversation second;
  ConnectPacket packet = connect(k5);
  packet.clean_start = false;
  packet.properties.receive_maximum = std::uint16_t{1};
  ConnectAnswer answer;
  answer.session = first.drain().session().take_state();
  second.connected(packet, std::move(answer));
  EXPECT_TRUE(second.next_sent_as<ConnackPacket>());
  for (std::uint16_t id = 1; id <= 3; ++id) {
    EXPECT_EQ(second.next_sent_as<PublishPacket>()->packet_id, id);
    EXPECT_FALSE(second.next_sent());
    second.client(PubackPacket{.packet_id = id});
  }
}

TEST(ServerSession, ResumesOnlyWithTheSameVersionAndOnRequest) {
  SessionState state;
  state.version = k5;
  EXPECT_TRUE(may_resume(state, false, k5));
  EXPECT_FALSE(may_resume(state, false, k3));
  EXPECT_FALSE(may_resume(state, true, k5));
}

TEST(ServerSession, DoesNotTakeTheStateIfTheClientIsGone) {
  Conversation c;
  c.client(connect(k3)).session().connection_lost();
  c.drain();
  ConnectAnswer answer;
  answer.session = std::make_unique<SessionState>();
  EXPECT_FALSE(c.session().accept_connect(std::move(answer), kStart));
  EXPECT_TRUE(answer.session);  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST(ServerSession, BehavesTheSameHoweverTheInputIsSplit) {
  Bytes stream;
  encode(connect(k5), k5, stream);
  encode(subscribe(1, {"a/+"}), k5, stream);
  encode(publish(2, "a/b", std::string(300, 'p')), k5, stream);
  encode(PingreqPacket{}, k5, stream);
  encode(DisconnectPacket{}, k5, stream);
  std::string expected;
  for (std::size_t piece = stream.size(); piece > 0; --piece) {
    Limits limits;
    ServerSession session(limits, kStart);
    std::string log;
    const auto drain = [&] {
      while (auto action = session.next_action()) {
        if (const auto* send = std::get_if<SendBytes>(&*action)) {
          log += encoding::to_hex(send->bytes);
        } else if (std::holds_alternative<ConnectRequest>(*action)) {
          session.accept_connect({}, kStart);
        } else if (const auto* request = std::get_if<SubscribeRequest>(&*action)) {
          session.answer_subscribe(*request);
        } else if (const auto* p = std::get_if<PublishRequest>(&*action)) {
          session.acknowledge_publish(p->packet_id);
        } else {
          log += "end";
        }
      }
    };
    for (BytesView rest = stream; !rest.empty();) {
      const BytesView part = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(part.size());
      session.receive(part, kStart);
      drain();
    }
    if (expected.empty()) expected = log;
    ASSERT_EQ(log, expected) << piece;
  }
  EXPECT_TRUE(expected.ends_with("d000end")) << expected;
}

TEST(ServerSession, IsSmallWhileIdle) { EXPECT_LE(sizeof(ServerSession), 512U); }

}  // namespace
}  // namespace imprint::mqtt
