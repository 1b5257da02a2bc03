// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "mqtt/codec.h"

namespace imprint::mqtt {

/// Splits a byte stream into frames. A frame that is complete in the input is not copied. One that
/// arrives in pieces is collected in a buffer that grows with the received bytes, not with the
/// announced length. Owned by one session.
class FrameReader {
 public:
  /// `maximum_packet_size` includes the fixed header, as in MQTT 5.
  explicit FrameReader(std::size_t maximum_packet_size) : maximum_(maximum_packet_size) {}

  void set_maximum_packet_size(std::size_t bytes) { maximum_ = bytes; }

  /// Consumes bytes from the front of `input`. Returns a frame, which is valid until the next call
  /// and as long as the input's bytes; or nullopt if the input has no further complete frame; or an
  /// error (a malformed length, or packet_too_large before any memory is allocated), after which
  /// the reader must not be used.
  Decoded<std::optional<Frame>> next(BytesView& input);

  /// Whether a packet has begun but is not complete.
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
  std::uint8_t header_size_ = 0;  ///< Bytes of the fixed header read so far; 0 between packets.
  bool header_complete_ = false;
  bool padded_length_ = false;
  bool gathered_ = false;  ///< The last frame is in body_; the next call frees it.
};

}  // namespace imprint::mqtt
