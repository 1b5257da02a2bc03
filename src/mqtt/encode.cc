// SPDX-License-Identifier: Apache-2.0
#include "mqtt/codec.h"
#include "mqtt/wire.h"

namespace imprint::mqtt {

namespace {

using wire::Measure;
using wire::place;
using wire::variable_size;
using wire::write_properties;
using wire::Writer;

// Each body() describes the part after the fixed header, for Measure and Writer alike.

constexpr PacketType type_of(const ConnectPacket&) { return PacketType::connect; }
constexpr PacketType type_of(const ConnackPacket&) { return PacketType::connack; }
constexpr PacketType type_of(const PublishPacket&) { return PacketType::publish; }
constexpr PacketType type_of(const PubackPacket&) { return PacketType::puback; }
constexpr PacketType type_of(const SubscribePacket&) { return PacketType::subscribe; }
constexpr PacketType type_of(const SubackPacket&) { return PacketType::suback; }
constexpr PacketType type_of(const UnsubscribePacket&) { return PacketType::unsubscribe; }
constexpr PacketType type_of(const UnsubackPacket&) { return PacketType::unsuback; }
constexpr PacketType type_of(const PingreqPacket&) { return PacketType::pingreq; }
constexpr PacketType type_of(const PingrespPacket&) { return PacketType::pingresp; }
constexpr PacketType type_of(const DisconnectPacket&) { return PacketType::disconnect; }

template <class P>
std::uint8_t flags_of(const P&) {
  return 0;
}
std::uint8_t flags_of(const SubscribePacket&) { return 0x02; }
std::uint8_t flags_of(const UnsubscribePacket&) { return 0x02; }
std::uint8_t flags_of(const PublishPacket& packet) {
  return static_cast<std::uint8_t>((packet.dup ? 8U : 0U) | static_cast<unsigned>(packet.qos) << 1 |
                                   (packet.retain ? 1U : 0U));
}

/// MQTT 3.1.1 table 3.1 has five refusal codes. Other reasons are mapped by whether the client
/// should try again.
std::uint8_t return_code(ReasonCode code) {
  switch (code) {
    case ReasonCode::success:
      return 0;
    case ReasonCode::unsupported_protocol_version:
      return 1;
    case ReasonCode::client_identifier_not_valid:
      return 2;
    case ReasonCode::unspecified_error:
    case ReasonCode::server_unavailable:
    case ReasonCode::server_busy:
    case ReasonCode::quota_exceeded:
    case ReasonCode::connection_rate_exceeded:
      return 3;
    case ReasonCode::bad_user_name_or_password:
    case ReasonCode::bad_authentication_method:
      return 4;
    default:
      return 5;
  }
}

std::uint8_t connect_flags(const ConnectPacket& packet) {
  unsigned flags = packet.clean_start ? 0x02 : 0;
  if (packet.will) {
    flags |= 0x04 | static_cast<unsigned>(packet.will->qos) << 3;
    if (packet.will->retain) flags |= 0x20;
  }
  if (packet.password) flags |= 0x40;
  if (packet.user_name) flags |= 0x80;
  return static_cast<std::uint8_t>(flags);
}

std::uint8_t options_byte(const SubscribeOptions& options, Version version) {
  auto bits = static_cast<unsigned>(options.qos);
  if (version == Version::v5) {
    if (options.no_local) bits |= 0x04;
    if (options.retain_as_published) bits |= 0x08;
    bits |= static_cast<unsigned>(options.retain_handling) << 4;
  }
  return static_cast<std::uint8_t>(bits);
}

template <class Sink, class P>
void properties_of(Sink& sink, const P& packet, Version version) {
  if (version == Version::v5) write_properties(sink, packet.properties, place(type_of(packet)));
}

template <class Sink>
void body(Sink& sink, const ConnectPacket& packet, Version) {
  sink.text("MQTT");
  sink.u8(static_cast<std::uint8_t>(packet.version));
  sink.u8(connect_flags(packet));
  sink.u16(packet.keep_alive);
  properties_of(sink, packet, packet.version);
  sink.text(packet.client_id);
  if (packet.will) {
    if (packet.version == Version::v5) write_properties(sink, packet.will->properties, wire::kWill);
    sink.text(packet.will->topic);
    sink.binary(packet.will->payload);
  }
  if (packet.user_name) sink.text(*packet.user_name);
  if (packet.password) sink.binary(*packet.password);
}

template <class Sink>
void body(Sink& sink, const ConnackPacket& packet, Version version) {
  sink.u8(packet.session_present ? 1 : 0);
  sink.u8(version == Version::v5 ? static_cast<std::uint8_t>(packet.code)
                                 : return_code(packet.code));
  properties_of(sink, packet, version);
}

template <class Sink>
void body(Sink& sink, const PublishPacket& packet, Version version) {
  sink.text(packet.topic);
  if (packet.qos != QoS::at_most_once) sink.u16(packet.packet_id);
  properties_of(sink, packet, version);
  sink.raw(packet.payload);
}

/// MQTT 5.0 sections 3.4.2.1 and 3.14.2.1: success without properties is omitted.
template <class Sink, class P>
void optional_reason(Sink& sink, const P& packet, Version version) {
  if (version == Version::v3_1_1) return;
  const std::size_t size = wire::properties_size(packet.properties, place(type_of(packet)));
  if (packet.code == ReasonCode::success && size == 0) return;
  sink.u8(static_cast<std::uint8_t>(packet.code));
  if (size > 0) properties_of(sink, packet, version);
}

template <class Sink>
void body(Sink& sink, const PubackPacket& packet, Version version) {
  sink.u16(packet.packet_id);
  optional_reason(sink, packet, version);
}

template <class Sink>
void body(Sink& sink, const SubscribePacket& packet, Version version) {
  sink.u16(packet.packet_id);
  properties_of(sink, packet, version);
  for (const SubscribePacket::Entry& entry : packet.entries) {
    sink.text(entry.filter);
    sink.u8(options_byte(entry.options, version));
  }
}

template <class Sink>
void body(Sink& sink, const SubackPacket& packet, Version version) {
  sink.u16(packet.packet_id);
  properties_of(sink, packet, version);
  for (const ReasonCode code : packet.codes) {
    // [MQTT-3.9.3-2] of 3.1.1 has only one failure code.
    const bool is_generic = version == Version::v3_1_1 && is_failure(code);
    sink.u8(static_cast<std::uint8_t>(is_generic ? ReasonCode::unspecified_error : code));
  }
}

template <class Sink>
void body(Sink& sink, const UnsubscribePacket& packet, Version version) {
  sink.u16(packet.packet_id);
  properties_of(sink, packet, version);
  for (const std::string_view filter : packet.filters) sink.text(filter);
}

template <class Sink>
void body(Sink& sink, const UnsubackPacket& packet, Version version) {
  sink.u16(packet.packet_id);
  properties_of(sink, packet, version);
  if (version == Version::v3_1_1) return;
  for (const ReasonCode code : packet.codes) sink.u8(static_cast<std::uint8_t>(code));
}

template <class Sink>
void body(Sink&, const PingreqPacket&, Version) {}

template <class Sink>
void body(Sink&, const PingrespPacket&, Version) {}

template <class Sink>
void body(Sink& sink, const DisconnectPacket& packet, Version version) {
  optional_reason(sink, packet, version);
}

template <class P>
std::size_t body_size(const P& packet, Version version) {
  Measure measure;
  body(measure, packet, version);
  return measure.size();
}

template <class P>
void append(const P& packet, Version version, Bytes& out) {
  const std::size_t size = body_size(packet, version);
  IMPRINT_ASSERT(size <= wire::kMaxVariable);
  const std::size_t start = out.size();
  out.resize(start + 1 + variable_size(size) + size);
  Writer writer(out.data() + start);
  writer.u8(
      static_cast<std::uint8_t>(static_cast<unsigned>(type_of(packet)) << 4 | flags_of(packet)));
  writer.variable(size);
  body(writer, packet, version);
  IMPRINT_ASSERT(writer.position() == out.data() + out.size());
}

}  // namespace

template <class P>
std::size_t encoded_size(const P& packet, Version version) {
  const std::size_t size = body_size(packet, version);
  return 1 + variable_size(size) + size;
}

template <class P>
void encode(const P& packet, Version version, Bytes& out) {
  append(packet, version, out);
}

template <>
std::size_t encoded_size(const Packet& packet, Version version) {
  return std::visit([version](const auto& p) { return encoded_size(p, version); }, packet);
}

template <>
void encode(const Packet& packet, Version version, Bytes& out) {
  std::visit([version, &out](const auto& p) { append(p, version, out); }, packet);
}

#define IMPRINT_MQTT_PACKET(P)                          \
  template std::size_t encoded_size(const P&, Version); \
  template void encode(const P&, Version, Bytes&)

IMPRINT_MQTT_PACKET(ConnectPacket);
IMPRINT_MQTT_PACKET(ConnackPacket);
IMPRINT_MQTT_PACKET(PublishPacket);
IMPRINT_MQTT_PACKET(PubackPacket);
IMPRINT_MQTT_PACKET(SubscribePacket);
IMPRINT_MQTT_PACKET(SubackPacket);
IMPRINT_MQTT_PACKET(UnsubscribePacket);
IMPRINT_MQTT_PACKET(UnsubackPacket);
IMPRINT_MQTT_PACKET(PingreqPacket);
IMPRINT_MQTT_PACKET(PingrespPacket);
IMPRINT_MQTT_PACKET(DisconnectPacket);

#undef IMPRINT_MQTT_PACKET

}  // namespace imprint::mqtt
