// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"
#include "mqtt/codec.h"
#include "mqtt/wire.h"

namespace imprint::mqtt {

namespace {

using wire::Cursor;
using wire::place;
using wire::read_properties;

constexpr ReasonCode kMalformed = ReasonCode::malformed_packet;
constexpr ReasonCode kProtocol = ReasonCode::protocol_error;

/// Begins to decode a packet with prescribed fixed header flags.
Cursor begin(const Frame& frame, Version version, std::uint8_t flags = 0) {
  Cursor cursor(frame.body);
  // [MQTT-2.1.3-1, 5.0; MQTT-2.2.2-2] reserved flags have the values listed.
  if (frame.flags() != flags) cursor.fail(kMalformed, "the fixed header has wrong reserved flags");
  // [MQTT-1.5.5-1, 5.0]
  if (frame.padded_length && version == Version::v5)
    cursor.fail(kMalformed, "the remaining length is not encoded in the fewest bytes");
  return cursor;
}

template <class P>
Decoded<P> finish(const Cursor& cursor, P&& packet) {
  if (cursor.failed()) return tl::unexpected(cursor.error());
  if (cursor.left() > 0)
    return tl::unexpected(ProtocolError{kMalformed, "the packet has extra bytes at its end"});
  return std::forward<P>(packet);
}

std::uint16_t read_packet_id(Cursor& cursor) {
  const std::uint16_t id = cursor.u16();
  // [MQTT-2.2.1-3, 5.0; MQTT-2.3.1-1]
  if (id == 0 && !cursor.failed()) cursor.fail(kProtocol, "the packet identifier is zero");
  return id;
}

ReasonCode read_reason(Cursor& cursor, PacketType type, Sender sender) {
  const auto code = static_cast<ReasonCode>(cursor.u8());
  if (!cursor.failed() && !is_allowed(code, type, sender))
    cursor.fail(kProtocol, "the reason code is not allowed in this packet");
  return code;
}

// The return codes of MQTT 3.1.1 table 3.1, by their value.
constexpr std::array kReturnCodes = {
    ReasonCode::success,
    ReasonCode::unsupported_protocol_version,
    ReasonCode::client_identifier_not_valid,
    ReasonCode::server_unavailable,
    ReasonCode::bad_user_name_or_password,
    ReasonCode::not_authorized,
};

ReasonCode read_return_code(Cursor& cursor) {
  const std::uint8_t code = cursor.u8();
  if (code < kReturnCodes.size()) return kReturnCodes[code];
  cursor.fail(kProtocol, "the CONNACK return code is reserved");
  return {};
}

QoS read_qos(Cursor& cursor, unsigned bits) {
  // [MQTT-3.3.1-4], [MQTT-3.1.2-12, 5.0], [MQTT-3-8.3-4]
  if (bits <= 2) return static_cast<QoS>(bits);
  cursor.fail(kMalformed, "QoS 3 does not exist");
  return {};
}

/// Reads the protocol name and level; fails unless they are MQTT and 4 or 5.
Version read_protocol(Cursor& cursor) {
  const std::string_view name = cursor.text();
  const std::uint8_t level = cursor.u8();
  // [MQTT-3.1.2-1]. MQTT 3.1 uses the name MQIsdp; its clients understand a refusal.
  if (name != "MQTT" && name != "MQIsdp") {
    cursor.fail(kProtocol, "the protocol name is not MQTT");
  } else if (name == "MQTT" && (level == 4 || level == 5)) {
    return static_cast<Version>(level);
  } else {
    // [MQTT-3.1.2-2]
    cursor.fail(ReasonCode::unsupported_protocol_version,
                "the protocol version is neither MQTT 3.1.1 nor 5");
  }
  return Version::v3_1_1;
}

struct ConnectFlags {
  std::uint8_t bits = 0;
  [[nodiscard]] bool reserved() const { return (bits & 0x01) != 0; }
  [[nodiscard]] bool clean_start() const { return (bits & 0x02) != 0; }
  [[nodiscard]] bool will() const { return (bits & 0x04) != 0; }
  [[nodiscard]] unsigned will_qos() const { return bits >> 3 & 3U; }
  [[nodiscard]] bool will_retain() const { return (bits & 0x20) != 0; }
  [[nodiscard]] bool password() const { return (bits & 0x40) != 0; }
  [[nodiscard]] bool user_name() const { return (bits & 0x80) != 0; }
};

void check_connect_flags(Cursor& cursor, ConnectFlags flags, Version version) {
  // [MQTT-3.1.2-3]
  if (flags.reserved()) cursor.fail(kMalformed, "the reserved connect flag is set");
  // [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15]
  if (!flags.will() && (flags.will_qos() != 0 || flags.will_retain()))
    cursor.fail(kMalformed, "will QoS or will retain is set without a will");
  // [MQTT-3.1.2-22] of 3.1.1; MQTT 5 lifted it.
  if (version == Version::v3_1_1 && flags.password() && !flags.user_name())
    cursor.fail(kMalformed, "there is a password but no user name");
}

ConnectWill read_will(Cursor& cursor, ConnectFlags flags, Version version,
                      const DecodeLimits& limits) {
  ConnectWill will;
  will.qos = read_qos(cursor, flags.will_qos());
  will.retain = flags.will_retain();
  if (version == Version::v5) read_properties(cursor, wire::kWill, limits, will.properties);
  will.topic = cursor.text();
  will.payload = cursor.binary();
  return will;
}

/// Reads the reason code and properties, which PUBACK and DISCONNECT omit for success without
/// properties.
template <class P>
void read_optional_reason(Cursor& cursor, PacketType type, Sender sender,
                          const DecodeLimits& limits, P& packet) {
  if (!cursor.more()) return;
  packet.code = read_reason(cursor, type, sender);
  if (cursor.more()) read_properties(cursor, place(type), limits, packet.properties);
}

SubscribeOptions read_subscribe_options(Cursor& cursor, Version version) {
  const std::uint8_t bits = cursor.u8();
  // [MQTT-3-8.3-4] of 3.1.1, [MQTT-3.8.3-5] of 5.0
  const unsigned reserved = version == Version::v5 ? 0xC0 : 0xFC;
  if ((bits & reserved) != 0) cursor.fail(kMalformed, "reserved subscription options are set");
  SubscribeOptions options;
  options.qos = read_qos(cursor, bits & 3U);
  options.no_local = (bits & 0x04) != 0;
  options.retain_as_published = (bits & 0x08) != 0;
  const unsigned handling = bits >> 4 & 3U;
  if (handling <= 2) {
    options.retain_handling = static_cast<RetainHandling>(handling);
  } else {
    cursor.fail(kProtocol, "retain handling 3 does not exist");
  }
  return options;
}

template <class P>
Decoded<Packet> widen(Decoded<P> packet) {
  if (!packet) return tl::unexpected(packet.error());
  return Packet(std::move(*packet));
}

}  // namespace

Decoded<ConnectPacket> decode_connect(const Frame& frame, const DecodeLimits& limits) {
  Cursor cursor = begin(frame, Version::v3_1_1);
  ConnectPacket packet;
  packet.version = read_protocol(cursor);
  if (packet.version == Version::v5 && frame.padded_length)
    cursor.fail(kMalformed, "the remaining length is not encoded in the fewest bytes");
  const ConnectFlags flags{cursor.u8()};
  check_connect_flags(cursor, flags, packet.version);
  packet.clean_start = flags.clean_start();
  packet.keep_alive = cursor.u16();
  if (packet.version == Version::v5)
    read_properties(cursor, place(PacketType::connect), limits, packet.properties);
  packet.client_id = cursor.text();
  if (flags.will()) packet.will = read_will(cursor, flags, packet.version, limits);
  if (flags.user_name()) packet.user_name = cursor.text();
  if (flags.password()) packet.password = cursor.binary();
  // MQTT 5.0 section 3.1.2.11.10
  if (packet.properties.authentication_data && !packet.properties.authentication_method)
    cursor.fail(kProtocol, "there is authentication data but no authentication method");
  return finish(cursor, std::move(packet));
}

Decoded<ConnackPacket> decode_connack(const Frame& frame, Version version,
                                      const DecodeLimits& limits) {
  Cursor cursor = begin(frame, version);
  ConnackPacket packet;
  const std::uint8_t flags = cursor.u8();
  // [MQTT-3.2.2-1, 5.0]
  if (flags > 1) cursor.fail(kMalformed, "reserved CONNACK flags are set");
  packet.session_present = flags == 1;
  if (version == Version::v5) {
    packet.code = read_reason(cursor, PacketType::connack, Sender::server);
    read_properties(cursor, place(PacketType::connack), limits, packet.properties);
  } else {
    packet.code = read_return_code(cursor);
  }
  // [MQTT-3.2.2-4], [MQTT-3.2.2-6, 5.0]
  if (packet.session_present && packet.code != ReasonCode::success)
    cursor.fail(kProtocol, "CONNACK refuses the connection but has session present set");
  return finish(cursor, std::move(packet));
}

Decoded<PublishPacket> decode_publish(const Frame& frame, Version version, Sender sender,
                                      const DecodeLimits& limits) {
  Cursor cursor = begin(frame, version, frame.flags());
  PublishPacket packet;
  packet.dup = (frame.flags() & 8U) != 0;
  packet.qos = read_qos(cursor, frame.flags() >> 1 & 3U);
  packet.retain = (frame.flags() & 1U) != 0;
  // [MQTT-3.3.1-2]
  if (packet.dup && packet.qos == QoS::at_most_once)
    cursor.fail(kMalformed, "DUP is set on a QoS 0 message");
  packet.topic = cursor.text();
  if (packet.qos != QoS::at_most_once) packet.packet_id = read_packet_id(cursor);
  if (version == Version::v5) {
    read_properties(cursor, place(PacketType::publish), limits, packet.properties);
    // [MQTT-3.3.4-6, 5.0]
    if (sender == Sender::client && !packet.properties.subscription_identifiers.empty())
      cursor.fail(kProtocol, "a client's PUBLISH contains a subscription identifier");
  }
  // [MQTT-4.7.3-1]; MQTT 5.0 section 3.3.2.1 allows an alias instead.
  if (packet.topic.empty() && !packet.properties.topic_alias)
    cursor.fail(kProtocol, "the PUBLISH has no topic");
  packet.payload = cursor.rest();
  return finish(cursor, std::move(packet));
}

Decoded<PubackPacket> decode_puback(const Frame& frame, Version version,
                                    const DecodeLimits& limits) {
  Cursor cursor = begin(frame, version);
  PubackPacket packet;
  packet.packet_id = read_packet_id(cursor);
  // Both sides may send the same PUBACK codes.
  if (version == Version::v5)
    read_optional_reason(cursor, PacketType::puback, Sender::client, limits, packet);
  return finish(cursor, std::move(packet));
}

Decoded<SubscribePacket> decode_subscribe(const Frame& frame, Version version,
                                          const DecodeLimits& limits) {
  // [MQTT-3.8.1-1]
  Cursor cursor = begin(frame, version, 0x02);
  SubscribePacket packet;
  packet.packet_id = read_packet_id(cursor);
  if (version == Version::v5)
    read_properties(cursor, place(PacketType::subscribe), limits, packet.properties);
  while (cursor.more()) {
    if (packet.entries.size() == limits.filters_per_subscribe) {
      cursor.fail(ReasonCode::quota_exceeded, "the SUBSCRIBE has too many filters");
      break;
    }
    const std::string_view filter = cursor.text();
    packet.entries.push_back({filter, read_subscribe_options(cursor, version)});
  }
  // [MQTT-3.8.3-3], [MQTT-3.8.3-2, 5.0]
  if (packet.entries.empty()) cursor.fail(kProtocol, "the SUBSCRIBE has no filter");
  return finish(cursor, std::move(packet));
}

Decoded<SubackPacket> decode_suback(const Frame& frame, Version version,
                                    const DecodeLimits& limits) {
  Cursor cursor = begin(frame, version);
  SubackPacket packet;
  packet.packet_id = read_packet_id(cursor);
  if (version == Version::v5)
    read_properties(cursor, place(PacketType::suback), limits, packet.properties);
  while (cursor.more()) {
    const ReasonCode code = read_reason(cursor, PacketType::suback, Sender::server);
    // [MQTT-3.9.3-2] of 3.1.1: 0, 1, 2 and 0x80 only.
    if (version == Version::v3_1_1 && is_failure(code) && code != ReasonCode::unspecified_error)
      cursor.fail(kProtocol, "a return code of the SUBACK is reserved");
    packet.codes.push_back(code);
  }
  if (packet.codes.empty()) cursor.fail(kProtocol, "the SUBACK has no return code");
  return finish(cursor, std::move(packet));
}

Decoded<UnsubscribePacket> decode_unsubscribe(const Frame& frame, Version version,
                                              const DecodeLimits& limits) {
  // [MQTT-3.10.1-1]
  Cursor cursor = begin(frame, version, 0x02);
  UnsubscribePacket packet;
  packet.packet_id = read_packet_id(cursor);
  if (version == Version::v5)
    read_properties(cursor, place(PacketType::unsubscribe), limits, packet.properties);
  while (cursor.more()) {
    if (packet.filters.size() == limits.filters_per_unsubscribe) {
      cursor.fail(ReasonCode::quota_exceeded, "the UNSUBSCRIBE has too many filters");
      break;
    }
    packet.filters.push_back(cursor.text());
  }
  // [MQTT-3.10.3-2]
  if (packet.filters.empty()) cursor.fail(kProtocol, "the UNSUBSCRIBE has no filter");
  return finish(cursor, std::move(packet));
}

Decoded<UnsubackPacket> decode_unsuback(const Frame& frame, Version version,
                                        const DecodeLimits& limits) {
  Cursor cursor = begin(frame, version);
  UnsubackPacket packet;
  packet.packet_id = read_packet_id(cursor);
  if (version == Version::v5) {
    read_properties(cursor, place(PacketType::unsuback), limits, packet.properties);
    while (cursor.more())
      packet.codes.push_back(read_reason(cursor, PacketType::unsuback, Sender::server));
    if (packet.codes.empty()) cursor.fail(kProtocol, "the UNSUBACK has no reason code");
  }
  return finish(cursor, std::move(packet));
}

Decoded<PingreqPacket> decode_pingreq(const Frame& frame) {
  return finish(begin(frame, Version::v3_1_1), PingreqPacket{});
}

Decoded<PingrespPacket> decode_pingresp(const Frame& frame) {
  return finish(begin(frame, Version::v3_1_1), PingrespPacket{});
}

Decoded<DisconnectPacket> decode_disconnect(const Frame& frame, Version version, Sender sender,
                                            const DecodeLimits& limits) {
  Cursor cursor = begin(frame, version);
  DisconnectPacket packet;
  if (version == Version::v5)
    read_optional_reason(cursor, PacketType::disconnect, sender, limits, packet);
  // [MQTT-3.14.2-2, 5.0]
  if (sender == Sender::server && packet.properties.session_expiry_interval)
    cursor.fail(kProtocol, "a server's DISCONNECT contains a session expiry interval");
  if (sender == Sender::client && packet.properties.server_reference)
    cursor.fail(kProtocol, "a client's DISCONNECT contains a server reference");
  return finish(cursor, std::move(packet));
}

Decoded<void> check_direction(PacketType type, Sender sender) {
  switch (type) {
    case PacketType::publish:
    case PacketType::puback:
      return {};
    case PacketType::connect:
    case PacketType::subscribe:
    case PacketType::unsubscribe:
    case PacketType::pingreq:
      if (sender == Sender::client) return {};
      return tl::unexpected(
          ProtocolError{kProtocol, "the server sent a packet that only clients may send"});
    case PacketType::connack:
    case PacketType::suback:
    case PacketType::unsuback:
    case PacketType::pingresp:
      if (sender == Sender::server) return {};
      return tl::unexpected(
          ProtocolError{kProtocol, "the client sent a packet that only servers may send"});
    case PacketType::disconnect:
      return {};
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      return tl::unexpected(
          ProtocolError{kProtocol, "the packet belongs to QoS 2, which is not supported"});
    case PacketType::auth:
      return tl::unexpected(
          ProtocolError{kProtocol, "AUTH was sent without an authentication method in CONNECT"});
  }
  return tl::unexpected(ProtocolError{kMalformed, "packet type 0 does not exist"});
}

Decoded<Packet> decode(const Frame& frame, Version version, Sender sender,
                       const DecodeLimits& limits) {
  TRY(check_direction(frame.type(), sender));
  switch (frame.type()) {
    case PacketType::connect:
      return widen(decode_connect(frame, limits));
    case PacketType::connack:
      return widen(decode_connack(frame, version, limits));
    case PacketType::publish:
      return widen(decode_publish(frame, version, sender, limits));
    case PacketType::puback:
      return widen(decode_puback(frame, version, limits));
    case PacketType::subscribe:
      return widen(decode_subscribe(frame, version, limits));
    case PacketType::suback:
      return widen(decode_suback(frame, version, limits));
    case PacketType::unsubscribe:
      return widen(decode_unsubscribe(frame, version, limits));
    case PacketType::unsuback:
      return widen(decode_unsuback(frame, version, limits));
    case PacketType::pingreq:
      return widen(decode_pingreq(frame));
    case PacketType::pingresp:
      return widen(decode_pingresp(frame));
    case PacketType::disconnect:
      return widen(decode_disconnect(frame, version, sender, limits));
    default:
      break;
  }
  IMPRINT_ASSERT(false);  // check_direction accepts only types that have a decoder
}

}  // namespace imprint::mqtt
