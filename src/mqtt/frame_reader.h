// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "mqtt/codec.h"

namespace imprint::mqtt {

/// Cuts a byte stream into frames. A frame that lies whole in the input is handed out in place;
/// only one that arrives in pieces is gathered, in memory that grows with the pieces and not with
/// the announced length. Owned by one session.
class FrameReader {
 public:
  /// `maximum_packet_size` counts the whole packet, fixed header included, as MQTT 5 does.
  explicit FrameReader(std::size_t maximum_packet_size) : maximum_(maximum_packet_size) {}

  void set_maximum_packet_size(std::size_t bytes) { maximum_ = bytes; }

  /// Takes bytes off the front of `input`. A frame, valid until the next call and while the input's
  /// bytes live; nullopt when the input is used up; an error (malformed length, or packet_too_large
  /// before any memory is taken for it) after which the reader is done.
  Decoded<std::optional<Frame>> next(BytesView& input);

  /// A packet has begun and is not complete.
  [[nodiscard]] bool in_packet() const { return header_size_ > 0; }
  /// Bytes held for an incomplete packet.
  [[nodiscard]] std::size_t buffered() const { return gathered_ ? 0 : body_.size(); }

 private:
  Decoded<bool> read_header(BytesView& input);

  static constexpr std::size_t kMaxHeaderBytes = 5;

  std::size_t maximum_;
  Bytes body_;
  std::uint32_t remaining_length_ = 0;
  std::uint8_t first_ = 0;
  std::uint8_t header_size_ = 0;  ///< Bytes of the fixed header seen so far; 0 between packets.
  bool header_complete_ = false;
  bool padded_length_ = false;
  bool gathered_ = false;  ///< The last frame lies in body_ and goes with the next call.
};

}  // namespace imprint::mqtt
