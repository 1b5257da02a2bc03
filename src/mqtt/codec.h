// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "mqtt/packet.h"

namespace imprint::mqtt {

/// The reason why bytes are not a valid packet: the MQTT 5 reason code, and a sentence in static
/// storage.
struct ProtocolError {
  ReasonCode code = ReasonCode::malformed_packet;
  std::string_view message;
  friend bool operator==(const ProtocolError&, const ProtocolError&) = default;
};

template <class T>
using Decoded = tl::expected<T, ProtocolError>;

/// One undecoded control packet: its first byte and the bytes after the remaining length.
struct Frame {
  std::uint8_t first = 0;
  BytesView body;
  /// The remaining length is not encoded in the fewest bytes. Only MQTT 5 forbids this.
  bool padded_length = false;

  [[nodiscard]] PacketType type() const { return static_cast<PacketType>(first >> 4); }
  [[nodiscard]] std::uint8_t flags() const { return first & 0x0F; }
};

/// Limits that the decoder checks before it allocates memory: those of AWS (contract 7.3, 7.4).
struct DecodeLimits {
  /// The total size of a packet's user properties, names and values. An empty pair counts as one
  /// byte, so that the number of pairs is limited too.
  std::size_t user_property_bytes = std::size_t{8} * 1024;
  std::size_t filters_per_subscribe = 8;
  std::size_t filters_per_unsubscribe = 50;
};

/// The strict decoder; `frame` must be complete. Each of the following is an error: a packet that
/// `sender` may not send, a reserved bit that is set, missing or extra bytes, invalid UTF-8, and a
/// property that is not allowed in the packet or occurs twice. Never returns a partly decoded
/// packet. The result borrows from `frame`. PUBREC, PUBREL, PUBCOMP and AUTH are rejected, since
/// neither QoS 2 nor enhanced authentication is supported. `version` is that of the connection;
/// CONNECT contains its own.
Decoded<Packet> decode(const Frame& frame, Version version, Sender sender,
                       const DecodeLimits& limits = {});

// The same for one packet type, for callers that have already checked frame.type() and the
// direction.
Decoded<ConnectPacket> decode_connect(const Frame& frame, const DecodeLimits& limits = {});
Decoded<ConnackPacket> decode_connack(const Frame& frame, Version version,
                                      const DecodeLimits& limits = {});
Decoded<PublishPacket> decode_publish(const Frame& frame, Version version, Sender sender,
                                      const DecodeLimits& limits = {});
Decoded<PubackPacket> decode_puback(const Frame& frame, Version version,
                                    const DecodeLimits& limits = {});
Decoded<SubscribePacket> decode_subscribe(const Frame& frame, Version version,
                                          const DecodeLimits& limits = {});
Decoded<SubackPacket> decode_suback(const Frame& frame, Version version,
                                    const DecodeLimits& limits = {});
Decoded<UnsubscribePacket> decode_unsubscribe(const Frame& frame, Version version,
                                              const DecodeLimits& limits = {});
Decoded<UnsubackPacket> decode_unsuback(const Frame& frame, Version version,
                                        const DecodeLimits& limits = {});
Decoded<PingreqPacket> decode_pingreq(const Frame& frame);
Decoded<PingrespPacket> decode_pingresp(const Frame& frame);
Decoded<DisconnectPacket> decode_disconnect(const Frame& frame, Version version, Sender sender,
                                            const DecodeLimits& limits = {});

/// Fails for a packet type that `sender` may not send or that is not supported.
Decoded<void> check_direction(PacketType type, Sender sender);

/// Whether `sender` may use this code in a packet of this type (MQTT 5.0 section 2.4).
bool is_allowed(ReasonCode code, PacketType type, Sender sender);

/// The encoded size, including the fixed header. P is a packet type or Packet; encode.cc
/// instantiates all of them.
template <class P>
std::size_t encoded_size(const P& packet, Version version);

/// Appends the packet to `out`. For 3.1.1, properties are omitted and reason codes are mapped to
/// the return codes of that version. A text over 65,535 bytes is a bug in the caller.
template <class P>
void encode(const P& packet, Version version, Bytes& out);

}  // namespace imprint::mqtt
