// SPDX-License-Identifier: Apache-2.0
#include "mqtt/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <string>

#include "encoding/text.h"
#include "mqtt/frame_reader.h"

namespace imprint::mqtt {
namespace {

constexpr Version k3 = Version::v3_1_1;
constexpr Version k5 = Version::v5;
constexpr Sender kClient = Sender::client;
constexpr Sender kServer = Sender::server;

/// Parses hexadecimal text with spaces.
Bytes hex(std::string text) {
  std::erase(text, ' ');
  return *encoding::from_hex(text);
}

Decoded<Packet> decode_all(BytesView bytes, Version version, Sender sender) {
  FrameReader reader(1 << 20);
  const auto frame = reader.next(bytes);
  if (!frame) return tl::unexpected(frame.error());
  if (!*frame || !bytes.empty())
    return tl::unexpected(ProtocolError{ReasonCode::success, "the row is not one frame"});
  return decode(**frame, version, sender);
}

Properties user(std::string_view name, std::string_view value) {
  Properties properties;
  properties.user = {{name, value}};
  return properties;
}

struct Row {
  const char* name;
  Version version;
  Sender sender;
  const char* bytes;
  Packet packet;
};

std::vector<Row> rows() {
  ConnectPacket connect5{.version = k5, .clean_start = false, .keep_alive = 30, .client_id = "d"};
  connect5.properties.session_expiry_interval = 3600;
  connect5.properties.receive_maximum = std::uint16_t{20};
  connect5.properties.maximum_packet_size = 1024;
  ConnectPacket will5{.version = k5, .keep_alive = 0, .client_id = ""};
  will5.will = ConnectWill{
      .qos = QoS::at_least_once, .retain = true, .topic = "w", .payload = {}, .properties = {}};
  will5.will->properties.will_delay_interval = 5;
  ConnectPacket full3{.version = k3, .keep_alive = 60, .client_id = "dev"};
  full3.will = ConnectWill{.qos = QoS::at_least_once,
                           .retain = false,
                           .topic = "a/b",
                           .payload = as_bytes("bye"),
                           .properties = {}};
  full3.user_name = "u";
  full3.password = as_bytes("pw");
  ConnackPacket connack5{.session_present = true};
  connack5.properties.session_expiry_interval = 0;
  connack5.properties.maximum_qos = std::uint8_t{1};
  connack5.properties.assigned_client_identifier = "x1";
  connack5.properties.server_keep_alive = std::uint16_t{1200};
  PublishPacket publish5{
      .qos = QoS::at_least_once, .packet_id = 10, .topic = "t", .payload = as_bytes("hi")};
  publish5.properties.payload_format_indicator = std::uint8_t{1};
  publish5.properties.message_expiry_interval = 60;
  publish5.properties.content_type = "j";
  publish5.properties.response_topic = "r";
  publish5.properties.correlation_data = as_bytes("\x01\x02");
  publish5.properties.user = {{"k", "v"}, {"k", "w"}};
  PublishPacket alias5{.topic = "", .payload = {}};
  alias5.properties.topic_alias = std::uint16_t{8};
  PublishPacket identified5{.topic = "t", .payload = {}};
  identified5.properties.subscription_identifiers = {1, 128};
  SubackPacket suback5{
      .packet_id = 3,
      .codes = {ReasonCode::success, ReasonCode::granted_qos_1, ReasonCode::not_authorized}};
  suback5.properties.reason_string = "no";
  DisconnectPacket server5{.code = ReasonCode::session_taken_over};
  server5.properties.server_reference = "s";
  DisconnectPacket expiry5{};
  expiry5.properties.session_expiry_interval = 9;

  return {
      {"minimal CONNECT", k3, kClient, "10 0c 0004 4d515454 04 02 0000 0000", ConnectPacket{}},
      {"CONNECT with everything", k3, kClient,
       "10 20 0004 4d515454 04 ce 003c 0003 646576 0003 612f62 0003 627965 0001 75 0002 7077",
       full3},
      {"minimal CONNECT", k5, kClient, "10 0d 0004 4d515454 05 02 0000 00 0000",
       ConnectPacket{.version = k5}},
      {"CONNECT with properties", k5, kClient,
       "10 1b 0004 4d515454 05 00 001e 0d 11 00000e10 21 0014 27 00000400 0001 64", connect5},
      {"CONNECT with a will", k5, kClient,
       "10 18 0004 4d515454 05 2e 0000 00 0000 05 18 00000005 0001 77 0000", will5},
      {"CONNACK", k3, kServer, "20 02 01 00", ConnackPacket{.session_present = true}},
      {"CONNACK refusing the version", k3, kServer, "20 02 00 01",
       ConnackPacket{.code = ReasonCode::unsupported_protocol_version}},
      {"CONNACK refusing the client", k3, kServer, "20 02 00 05",
       ConnackPacket{.code = ReasonCode::not_authorized}},
      {"CONNACK", k5, kServer, "20 03 00 00 00", ConnackPacket{}},
      {"CONNACK refusing", k5, kServer, "20 03 00 87 00",
       ConnackPacket{.code = ReasonCode::not_authorized}},
      {"CONNACK with properties", k5, kServer,
       "20 12 01 00 0f 11 00000000 12 0002 7831 13 04b0 24 01", connack5},
      {"PUBLISH QoS 0", k3, kClient, "30 05 0003 612f62", PublishPacket{.topic = "a/b"}},
      {"PUBLISH QoS 1, DUP, RETAIN", k3, kServer, "3b 07 0001 74 ffff 6869",
       PublishPacket{.dup = true,
                     .qos = QoS::at_least_once,
                     .retain = true,
                     .packet_id = 65535,
                     .topic = "t",
                     .payload = as_bytes("hi")}},
      {"PUBLISH QoS 2: valid, but refused by the sessions", k3, kClient, "34 05 0001 74 0001",
       PublishPacket{.qos = QoS::exactly_once, .packet_id = 1, .topic = "t"}},
      {"PUBLISH", k5, kServer, "30 04 0001 74 00", PublishPacket{.topic = "t"}},
      {"PUBLISH with properties", k5, kClient,
       "32 2a 0001 74 000a 22 01 01 02 0000003c 03 0001 6a 08 0001 72 09 0002 0102 "
       "26 0001 6b 0001 76 26 0001 6b 0001 77 6869",
       publish5},
      {"PUBLISH by alias", k5, kClient, "30 06 0000 03 23 0008", alias5},
      {"PUBLISH with subscription identifiers", k5, kServer, "30 09 0001 74 05 0b 01 0b 8001",
       identified5},
      {"PUBACK", k3, kClient, "40 02 0001", PubackPacket{.packet_id = 1}},
      {"PUBACK", k5, kServer, "40 02 0001", PubackPacket{.packet_id = 1}},
      {"PUBACK with a code", k5, kServer, "40 03 0001 87",
       PubackPacket{.packet_id = 1, .code = ReasonCode::not_authorized}},
      {"PUBACK with a property", k5, kClient, "40 0b 0001 00 07 26 0001 61 0001 62",
       PubackPacket{.packet_id = 1, .properties = user("a", "b")}},
      {"SUBSCRIBE", k3, kClient, "82 0c 0001 0001 61 01 0003 622f23 00",
       SubscribePacket{.packet_id = 1, .entries = {{"a", {QoS::at_least_once}}, {"b/#", {}}}}},
      {"SUBSCRIBE with options", k5, kClient, "82 07 0001 00 0001 61 2d",
       SubscribePacket{
           .packet_id = 1,
           .entries = {{"a", {QoS::at_least_once, true, true, RetainHandling::do_not_send}}}}},
      {"SUBACK", k3, kServer, "90 05 0001 00 01 80",
       SubackPacket{.packet_id = 1,
                    .codes = {ReasonCode::success, ReasonCode::granted_qos_1,
                              ReasonCode::unspecified_error}}},
      {"SUBACK with a reason", k5, kServer, "90 0b 0003 05 1f 0002 6e6f 00 01 87", suback5},
      {"UNSUBSCRIBE", k3, kClient, "a2 05 0001 0001 61",
       UnsubscribePacket{.packet_id = 1, .filters = {"a"}}},
      {"UNSUBSCRIBE", k5, kClient, "a2 06 0001 00 0001 61",
       UnsubscribePacket{.packet_id = 1, .filters = {"a"}}},
      {"UNSUBACK", k3, kServer, "b0 02 0001", UnsubackPacket{.packet_id = 1}},
      {"UNSUBACK", k5, kServer, "b0 05 0001 00 00 11",
       UnsubackPacket{.packet_id = 1,
                      .codes = {ReasonCode::success, ReasonCode::no_subscription_existed}}},
      {"PINGREQ", k3, kClient, "c0 00", PingreqPacket{}},
      {"PINGRESP", k5, kServer, "d0 00", PingrespPacket{}},
      {"DISCONNECT", k3, kClient, "e0 00", DisconnectPacket{}},
      {"DISCONNECT", k5, kClient, "e0 00", DisconnectPacket{}},
      {"DISCONNECT with will", k5, kClient, "e0 01 04",
       DisconnectPacket{.code = ReasonCode::disconnect_with_will}},
      {"DISCONNECT with session expiry", k5, kClient, "e0 07 00 05 11 00000009", expiry5},
      {"DISCONNECT from the server", k5, kServer, "e0 06 8e 04 1c 0001 73", server5},
  };
}

TEST(Codec, ReadsAndWritesTheSameBytes) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(std::string(row.name) + (row.version == k5 ? " (5)" : " (3.1.1)"));
    const Bytes bytes = hex(row.bytes);
    const auto packet = decode_all(bytes, row.version, row.sender);
    ASSERT_TRUE(packet) << packet.error().message;
    EXPECT_TRUE(*packet == row.packet);
    Bytes written;
    encode(row.packet, row.version, written);
    EXPECT_EQ(encoding::to_hex(written), encoding::to_hex(bytes));
    EXPECT_EQ(encoded_size(row.packet, row.version), bytes.size());
  }
}

TEST(Codec, RejectsEveryTruncation) {
  for (const Row& row : rows()) {
    const Bytes bytes = hex(row.bytes);
    // The body is shortened and the length adapted; some packets have optional last parts.
    const bool may_end_early = std::holds_alternative<PublishPacket>(row.packet) ||
                               std::holds_alternative<PubackPacket>(row.packet) ||
                               std::holds_alternative<SubackPacket>(row.packet) ||
                               std::holds_alternative<UnsubackPacket>(row.packet) ||
                               std::holds_alternative<DisconnectPacket>(row.packet) ||
                               bytes.size() == 2;
    if (may_end_early) continue;
    for (std::size_t size = 2; size < bytes.size(); ++size) {
      Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      cut[1] = static_cast<std::uint8_t>(size - 2);
      const auto packet = decode_all(cut, row.version, row.sender);
      // A SUBSCRIBE or UNSUBSCRIBE may end after an earlier filter.
      if (packet && (row.packet.index() == 4 || row.packet.index() == 6)) continue;
      EXPECT_FALSE(packet) << row.name << " cut to " << size;
    }
  }
}

TEST(Codec, RejectsPacketsThatTheStandardForbids) {
  constexpr ReasonCode kMalformed = ReasonCode::malformed_packet;
  constexpr ReasonCode kProtocol = ReasonCode::protocol_error;
  const struct {
    const char* name;
    Version version;
    Sender sender;
    const char* bytes;
    ReasonCode code;
  } bad[] = {
      {"packet type 0", k3, kClient, "00 00", kMalformed},
      {"CONNECT with header flags", k3, kClient, "11 0c 0004 4d515454 04 02 0000 0000", kMalformed},
      {"MQTT 3.1", k3, kClient, "10 0e 0006 4d5149736470 03 02 0000 0000",
       ReasonCode::unsupported_protocol_version},
      {"MQTT 6", k3, kClient, "10 0c 0004 4d515454 06 02 0000 0000",
       ReasonCode::unsupported_protocol_version},
      {"another protocol", k3, kClient, "10 0c 0004 48545450 04 02 0000 0000", kProtocol},
      {"reserved connect flag", k3, kClient, "10 0c 0004 4d515454 04 03 0000 0000", kMalformed},
      {"will QoS without will", k3, kClient, "10 0c 0004 4d515454 04 0a 0000 0000", kMalformed},
      {"will retain without will", k5, kClient, "10 0d 0004 4d515454 05 22 0000 00 0000",
       kMalformed},
      {"will QoS 3", k3, kClient, "10 11 0004 4d515454 04 1e 0000 0000 0001 77 0000", kMalformed},
      {"password without user name", k3, kClient, "10 0f 0004 4d515454 04 42 0000 0000 0001 70",
       kMalformed},
      {"bytes after CONNECT", k3, kClient, "10 0d 0004 4d515454 04 02 0000 0000 00", kMalformed},
      {"client id that is not UTF-8", k3, kClient, "10 0d 0004 4d515454 04 02 0000 0001 ff",
       kMalformed},
      {"client id with U+0000", k3, kClient, "10 0d 0004 4d515454 04 02 0000 0001 00", kMalformed},
      {"client id with a surrogate", k3, kClient, "10 0f 0004 4d515454 04 02 0000 0003 eda080",
       kMalformed},
      {"client id with an overlong slash", k3, kClient, "10 0e 0004 4d515454 04 02 0000 0002 c0af",
       kMalformed},
      {"property twice", k5, kClient, "10 13 0004 4d515454 05 02 0000 06 21 0001 21 0001 0000",
       kProtocol},
      {"property of another packet", k5, kClient, "10 0f 0004 4d515454 05 02 0000 02 24 01 0000",
       kMalformed},
      {"will property among CONNECT's", k5, kClient,
       "10 12 0004 4d515454 05 02 0000 05 18 00000001 0000", kMalformed},
      {"CONNECT's property in the will", k5, kClient,
       "10 16 0004 4d515454 05 06 0000 00 0000 03 21 0001 0001 77 0000", kMalformed},
      {"unknown property", k5, kClient, "10 0f 0004 4d515454 05 02 0000 02 7f 01 0000", kMalformed},
      {"property identifier of two bytes", k5, kClient,
       "10 10 0004 4d515454 05 02 0000 03 8002 01 0000", kMalformed},
      {"property cut by its section", k5, kClient, "10 0f 0004 4d515454 05 02 0000 02 21 00 0000",
       kMalformed},
      {"property section beyond the packet", k5, kClient, "10 0d 0004 4d515454 05 02 0000 7f 0000",
       kMalformed},
      {"property section with a padded length", k5, kClient,
       "10 0e 0004 4d515454 05 02 0000 8000 0000", kMalformed},
      {"receive maximum 0", k5, kClient, "10 10 0004 4d515454 05 02 0000 03 21 0000 0000",
       kProtocol},
      {"maximum packet size 0", k5, kClient, "10 12 0004 4d515454 05 02 0000 05 27 00000000 0000",
       kProtocol},
      {"request problem information 2", k5, kClient, "10 0f 0004 4d515454 05 02 0000 02 17 02 0000",
       kProtocol},
      {"authentication data without method", k5, kClient,
       "10 11 0004 4d515454 05 02 0000 04 16 0001 61 0000", kProtocol},
      {"padded remaining length", k5, kClient, "c0 8000", ReasonCode::success},
      {"padded remaining length in CONNECT", k5, kClient,
       "10 8d00 0004 4d515454 05 02 0000 00 0000", kMalformed},
      {"remaining length of five bytes", k3, kClient, "30 ffffffff7f", kMalformed},
      {"CONNACK from a client", k3, kClient, "20 02 00 00", kProtocol},
      {"SUBACK from a client", k5, kClient, "90 04 0001 00 00", kProtocol},
      {"UNSUBACK from a client", k3, kClient, "b0 02 0001", kProtocol},
      {"PINGRESP from a client", k3, kClient, "d0 00", kProtocol},
      {"CONNECT from a server", k3, kServer, "10 0c 0004 4d515454 04 02 0000 0000", kProtocol},
      {"SUBSCRIBE from a server", k3, kServer, "82 06 0001 0001 61 00", kProtocol},
      {"PINGREQ from a server", k3, kServer, "c0 00", kProtocol},
      {"PUBREC", k3, kClient, "50 02 0001", kProtocol},
      {"PUBREL", k3, kClient, "62 02 0001", kProtocol},
      {"PUBCOMP", k5, kServer, "70 02 0001", kProtocol},
      {"AUTH", k5, kClient, "f0 00", kProtocol},
      {"CONNACK with reserved flags", k3, kServer, "20 02 02 00", kMalformed},
      {"CONNACK with code 6", k3, kServer, "20 02 00 06", kProtocol},
      {"CONNACK refusing a present session", k3, kServer, "20 02 01 05", kProtocol},
      {"CONNACK with a DISCONNECT code", k5, kServer, "20 03 00 8e 00", kProtocol},
      {"PUBLISH QoS 3", k3, kClient, "36 05 0001 74 0001", kMalformed},
      {"PUBLISH QoS 0 with DUP", k3, kClient, "38 03 0001 74", kMalformed},
      {"PUBLISH without topic", k3, kClient, "30 02 0000", kProtocol},
      {"PUBLISH without topic or alias", k5, kClient, "30 03 0000 00", kProtocol},
      {"PUBLISH with identifier 0", k3, kClient, "32 05 0001 74 0000", kProtocol},
      {"PUBLISH with U+0000 in its topic", k3, kClient, "30 05 0003 610062", kMalformed},
      {"PUBLISH with topic alias 0", k5, kClient, "30 07 0001 74 03 23 0000",
       ReasonCode::topic_alias_invalid},
      {"PUBLISH with a subscription identifier", k5, kClient, "30 06 0001 74 02 0b 01", kProtocol},
      {"PUBLISH with subscription identifier 0", k5, kServer, "30 06 0001 74 02 0b 00", kProtocol},
      {"PUBLISH with payload format 2", k5, kClient, "30 06 0001 74 02 01 02", kProtocol},
      {"PUBLISH whose topic exceeds the packet", k3, kClient, "30 03 0002 74", kMalformed},
      {"PUBACK with flags", k3, kClient, "42 02 0001", kMalformed},
      {"PUBACK with identifier 0", k3, kClient, "40 02 0000", kProtocol},
      {"PUBACK of three bytes", k3, kClient, "40 03 0001 00", kMalformed},
      {"PUBACK with an unknown code", k5, kClient, "40 03 0001 7e", kProtocol},
      {"SUBSCRIBE without flags", k3, kClient, "80 06 0001 0001 61 00", kMalformed},
      {"SUBSCRIBE without filters", k3, kClient, "82 02 0001", kProtocol},
      {"SUBSCRIBE with identifier 0", k3, kClient, "82 06 0000 0001 61 00", kProtocol},
      {"SUBSCRIBE with QoS 3", k3, kClient, "82 06 0001 0001 61 03", kMalformed},
      {"SUBSCRIBE with MQTT 5 options", k3, kClient, "82 06 0001 0001 61 04", kMalformed},
      {"SUBSCRIBE with reserved options", k5, kClient, "82 07 0001 00 0001 61 40", kMalformed},
      {"SUBSCRIBE with retain handling 3", k5, kClient, "82 07 0001 00 0001 61 30", kProtocol},
      {"SUBSCRIBE with two subscription identifiers", k5, kClient,
       "82 0b 0001 04 0b 01 0b 01 0001 61 00", kProtocol},
      {"SUBSCRIBE of nine filters", k3, kClient,
       "82 26 0001 0001 61 00 0001 61 00 0001 61 00 0001 61 00 0001 61 00 0001 61 00 0001 61 00 "
       "0001 61 00 0001 61 00",
       ReasonCode::quota_exceeded},
      {"SUBACK with a reserved code", k3, kServer, "90 03 0001 87", kProtocol},
      {"SUBACK without codes", k5, kServer, "90 03 0001 00", kProtocol},
      {"UNSUBSCRIBE without filters", k3, kClient, "a2 02 0001", kProtocol},
      {"UNSUBACK with codes", k3, kServer, "b0 03 0001 00", kMalformed},
      {"UNSUBACK without codes", k5, kServer, "b0 03 0001 00", kProtocol},
      {"PINGREQ with a body", k3, kClient, "c0 01 00", kMalformed},
      {"PINGREQ with flags", k3, kClient, "c1 00", kMalformed},
      {"DISCONNECT with a body", k3, kClient, "e0 01 00", kMalformed},
      {"DISCONNECT with a server's code", k5, kClient, "e0 01 8e", kProtocol},
      {"DISCONNECT with a client's code", k5, kServer, "e0 01 04", kProtocol},
      {"DISCONNECT with a server's property", k5, kClient, "e0 06 00 04 1c 0001 73", kProtocol},
      {"DISCONNECT with a client's property", k5, kServer, "e0 07 00 05 11 00000009", kProtocol},
  };
  for (const auto& row : bad) {
    const auto packet = decode_all(hex(row.bytes), row.version, row.sender);
    if (row.code == ReasonCode::success) {
      // PINGREQ is the same in both versions, and padding does no harm there.
      EXPECT_TRUE(packet) << row.name;
      continue;
    }
    ASSERT_FALSE(packet) << row.name;
    EXPECT_EQ(packet.error().code, row.code) << row.name << ": " << packet.error().message;
    EXPECT_FALSE(packet.error().message.empty()) << row.name;
  }
}

TEST(Codec, LimitsTheTotalSizeOfUserProperties) {
  const auto publish_with = [](std::size_t pairs, std::size_t value_bytes) {
    const std::string value(value_bytes, 'v');
    PublishPacket packet{.topic = "t"};
    packet.properties.user.assign(pairs, {"", value});
    Bytes bytes;
    encode(packet, k5, bytes);
    return decode_all(bytes, k5, kClient).has_value();
  };
  EXPECT_TRUE(publish_with(2, 4096));
  EXPECT_FALSE(publish_with(2, 4097));
  EXPECT_TRUE(publish_with(8192, 0));  // empty pairs count one byte each
  EXPECT_FALSE(publish_with(8193, 0));
}

TEST(Codec, MapsReasonCodesToTheReturnCodesOfMqtt3) {
  const struct {
    ReasonCode code;
    const char* bytes;
  } table[] = {
      {ReasonCode::unsupported_protocol_version, "20020001"},
      {ReasonCode::client_identifier_not_valid, "20020002"},
      {ReasonCode::server_busy, "20020003"},
      {ReasonCode::quota_exceeded, "20020003"},
      {ReasonCode::bad_authentication_method, "20020004"},
      {ReasonCode::not_authorized, "20020005"},
      {ReasonCode::banned, "20020005"},
      {ReasonCode::topic_name_invalid, "20020005"},
  };
  for (const auto& row : table) {
    Bytes bytes;
    encode(ConnackPacket{.code = row.code}, k3, bytes);
    EXPECT_EQ(encoding::to_hex(bytes), row.bytes) << to_string(row.code);
  }
}

// ------------------------------------------------------------------------------------ frames

TEST(FrameReader, ReturnsCompletePacketsWithoutCopying) {
  const Bytes stream = hex("c000 4002 0001 30 03 0001 74");
  BytesView rest = stream;
  FrameReader reader(100);
  auto frame = *reader.next(rest);
  EXPECT_EQ(frame->type(), PacketType::pingreq);
  frame = *reader.next(rest);
  EXPECT_EQ(frame->body.data(), stream.data() + 4);
  frame = *reader.next(rest);
  EXPECT_EQ(frame->type(), PacketType::publish);
  EXPECT_FALSE(*reader.next(rest));
  EXPECT_FALSE(reader.in_packet());
}

TEST(FrameReader, ReadsTheSameFramesHoweverTheStreamIsSplit) {
  rc::check([] {
    const auto sizes = *rc::gen::container<std::vector<std::uint16_t>>(rc::gen::inRange(0, 400))
                            .as("payload sizes");
    Bytes stream;
    std::vector<Bytes> bodies;
    for (const std::size_t size : sizes) {
      const Bytes payload(size, static_cast<std::uint8_t>(size));
      encode(PublishPacket{.topic = "t", .payload = BytesView(payload)}, k3, stream);
      bodies.push_back(payload);
    }
    FrameReader reader(1000);
    std::vector<Bytes> seen;
    BytesView rest = stream;
    while (!rest.empty()) {
      BytesView piece =
          rest.first(std::min<std::size_t>(rest.size(), *rc::gen::inRange<std::size_t>(1, 700)));
      rest = rest.subspan(piece.size());
      while (true) {
        const auto frame = reader.next(piece);
        RC_ASSERT(frame.has_value());
        if (!*frame) break;
        seen.emplace_back((*frame)->body.begin() + 3, (*frame)->body.end());
      }
      RC_ASSERT(piece.empty());
    }
    RC_ASSERT(seen == bodies);
    RC_ASSERT(!reader.in_packet());
  });
}

TEST(FrameReader, RejectsAnnouncedLengthsBeforeAllocatingMemory) {
  FrameReader reader(100);
  const Bytes at_limit = hex("30 62");  // 98 bytes after a header of 2
  BytesView rest = at_limit;
  EXPECT_TRUE(reader.next(rest).has_value());
  EXPECT_TRUE(reader.in_packet());

  FrameReader strict(100);
  const Bytes past_limit = hex("30 63");
  rest = past_limit;
  const auto refused = strict.next(rest);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ReasonCode::packet_too_large);
}

TEST(FrameReader, BuffersReceivedBytesAndNotTheAnnouncedLength) {
  FrameReader reader(268'435'460);
  const Bytes start = hex("30 ffffff7f 0000");
  BytesView rest = start;
  ASSERT_TRUE(reader.next(rest));
  EXPECT_EQ(reader.buffered(), 2U);
}

// ------------------------------------------------------------------------------- properties

/// Texts for generated packets, which borrow them.
const std::vector<std::string>& words() {
  static const std::vector<std::string> kWords = {
      "", "a", "device/42/state", "\xc3\xa9", "\xf0\x9f\x94\xa7", std::string(300, 'x')};
  return kWords;
}

std::string_view some_word() { return words()[*rc::gen::inRange<std::size_t>(0, words().size())]; }

template <class T, class Make>
void maybe(std::optional<T>& field, Make make) {
  if (*rc::gen::arbitrary<bool>()) field = make();
}

Properties some_properties() {
  const auto word = [] { return some_word(); };
  const auto blob = [&] { return Blob(as_bytes(word())); };
  const auto bit = [] { return static_cast<std::uint8_t>(*rc::gen::inRange(0, 2)); };
  const auto number16 = [] { return *rc::gen::inRange<std::uint16_t>(1, 65535); };
  const auto number32 = [] { return *rc::gen::inRange<std::uint32_t>(1, 0xFFFFFFFF); };
  Properties p;
  maybe(p.payload_format_indicator, bit);
  maybe(p.request_problem_information, bit);
  maybe(p.request_response_information, bit);
  maybe(p.maximum_qos, bit);
  maybe(p.retain_available, bit);
  maybe(p.wildcard_subscription_available, bit);
  maybe(p.subscription_identifiers_available, bit);
  maybe(p.shared_subscription_available, bit);
  maybe(p.server_keep_alive, number16);
  maybe(p.receive_maximum, number16);
  maybe(p.topic_alias_maximum, number16);
  maybe(p.topic_alias, number16);
  maybe(p.message_expiry_interval, number32);
  maybe(p.session_expiry_interval, number32);
  maybe(p.will_delay_interval, number32);
  maybe(p.maximum_packet_size, number32);
  maybe(p.content_type, word);
  maybe(p.response_topic, word);
  maybe(p.assigned_client_identifier, word);
  maybe(p.response_information, word);
  maybe(p.server_reference, word);
  maybe(p.reason_string, word);
  maybe(p.correlation_data, blob);
  const int pairs = *rc::gen::inRange(0, 4);
  for (int i = 0; i < pairs; ++i) p.user.push_back({word(), word()});
  return p;
}

Packet some_packet() {
  const auto id = *rc::gen::inRange<std::uint16_t>(1, 65535);
  const auto word = [] { return some_word(); };
  const auto qos = static_cast<QoS>(*rc::gen::inRange(0, 3));
  switch (*rc::gen::inRange(0, 7)) {
    case 0: {
      ConnectPacket packet{.version = k5, .keep_alive = id, .client_id = word()};
      packet.properties = some_properties();
      if (*rc::gen::arbitrary<bool>())
        packet.will = ConnectWill{qos, true, word(), as_bytes(word()), some_properties()};
      return packet;
    }
    case 1:
      return ConnackPacket{false, ReasonCode::server_busy, some_properties()};
    case 2: {
      PublishPacket packet{.qos = qos, .topic = "t", .payload = as_bytes(word())};
      if (qos != QoS::at_most_once) packet.packet_id = id;
      packet.properties = some_properties();
      return packet;
    }
    case 3:
      return PubackPacket{id, ReasonCode::quota_exceeded, some_properties()};
    case 4:
      return SubscribePacket{
          id, {{word(), {qos, true, false, RetainHandling::send_if_new}}}, some_properties()};
    case 5:
      return UnsubackPacket{id, {ReasonCode::success}, some_properties()};
    default:
      return DisconnectPacket{ReasonCode::quota_exceeded, some_properties()};
  }
}

Sender sender_of(const Packet& packet) {
  const bool from_server = std::holds_alternative<ConnackPacket>(packet) ||
                           std::holds_alternative<UnsubackPacket>(packet);
  return from_server ? kServer : kClient;
}

TEST(Codec, ReadsBackWhatItWrites) {
  rc::check([] {
    Packet packet = some_packet();
    if (auto* end = std::get_if<DisconnectPacket>(&packet)) {
      end->properties.server_reference.reset();  // a client may not send it
    }
    Bytes once;
    encode(packet, k5, once);
    const auto read = decode_all(once, k5, sender_of(packet));
    RC_ASSERT(read.has_value());
    // Properties that the packet may not contain were omitted; the rest must be unchanged.
    Bytes twice;
    encode(*read, k5, twice);
    RC_ASSERT(once == twice);
    const auto again = decode_all(twice, k5, sender_of(packet));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == *read);
  });
}

TEST(Codec, KeepsEveryPropertyOfAPublish) {
  rc::check([] {
    Properties given = some_properties();
    PublishPacket packet{.topic = "t", .properties = given};
    Bytes bytes;
    encode(packet, k5, bytes);
    const auto read = decode_all(bytes, k5, kClient);
    RC_ASSERT(read.has_value());
    const Properties& got = std::get<PublishPacket>(*read).properties;
    RC_ASSERT(got.payload_format_indicator == given.payload_format_indicator);
    RC_ASSERT(got.message_expiry_interval == given.message_expiry_interval);
    RC_ASSERT(got.content_type == given.content_type);
    RC_ASSERT(got.response_topic == given.response_topic);
    RC_ASSERT(got.correlation_data == given.correlation_data);
    RC_ASSERT(got.topic_alias == given.topic_alias);
    RC_ASSERT(got.user == given.user);
  });
}

}  // namespace
}  // namespace imprint::mqtt
