// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "mqtt/packet.h"

namespace imprint::mqtt {

/// Why bytes are not a packet: the reason code that MQTT 5 would answer, and a sentence in static
/// storage.
struct ProtocolError {
  ReasonCode code = ReasonCode::malformed_packet;
  std::string_view message;
  friend bool operator==(const ProtocolError&, const ProtocolError&) = default;
};

template <class T>
using Decoded = tl::expected<T, ProtocolError>;

/// One control packet as it lies in the input: the first byte and what follows the remaining
/// length.
struct Frame {
  std::uint8_t first = 0;
  BytesView body;
  /// The remaining length took more bytes than it needs, which only MQTT 5 forbids.
  bool padded_length = false;

  [[nodiscard]] PacketType type() const { return static_cast<PacketType>(first >> 4); }
  [[nodiscard]] std::uint8_t flags() const { return first & 0x0F; }
};

/// What the decoder bounds before it collects; AWS's figures (contract 7.3, 7.4).
struct DecodeLimits {
  /// Names and values of all user properties of a packet; an empty pair counts as one byte, so that
  /// their number is bounded too.
  std::size_t user_property_bytes = std::size_t{8} * 1024;
  std::size_t filters_per_subscribe = 8;
  std::size_t filters_per_unsubscribe = 50;
};

/// The strict decoder. `frame` must be whole. A packet that `sender` may not send, a reserved bit,
/// a byte too few or too many, ill-formed UTF-8, a property out of place or given twice: each is an
/// error, and nothing is decoded by halves. The result borrows from `frame`. PUBREC, PUBREL,
/// PUBCOMP and AUTH are refused, since neither QoS 2 nor enhanced authentication is offered.
/// `version` is that of the connection; CONNECT brings its own.
Decoded<Packet> decode(const Frame& frame, Version version, Sender sender,
                       const DecodeLimits& limits = {});

// The same by packet type, for callers that have looked at frame.type() and at the direction.
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

/// Fails with the reason for a packet type that `sender` may not send or that nobody may.
Decoded<void> check_direction(PacketType type, Sender sender);

/// Whether MQTT 5 lets `sender` put this code into a packet of this type (MQTT 5.0 section 2.4).
bool is_allowed(ReasonCode code, PacketType type, Sender sender);

/// The size on the wire, fixed header included. P is a packet type or Packet; encode.cc
/// instantiates all of them.
template <class P>
std::size_t encoded_size(const P& packet, Version version);

/// Appends the packet to `out`. Properties are left out for 3.1.1, and reason codes become the
/// return codes of that version. A text over 65,535 bytes is a bug of the caller.
template <class P>
void encode(const P& packet, Version version, Bytes& out);

}  // namespace imprint::mqtt
