// SPDX-License-Identifier: Apache-2.0
#include "mqtt/frame_reader.h"

namespace imprint::mqtt {

Decoded<bool> FrameReader::read_header(BytesView& input) {
  while (!header_complete_) {
    if (input.empty()) return false;
    const std::uint8_t byte = input[0];
    input = input.subspan(1);
    if (header_size_++ == 0) {
      first_ = byte;
      remaining_length_ = 0;
      padded_length_ = false;
      continue;
    }
    remaining_length_ |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * (header_size_ - 2));
    header_complete_ = byte < 0x80;
    padded_length_ = byte == 0 && header_size_ > 2;
    if (!header_complete_ && header_size_ == kMaxHeaderBytes)
      return tl::unexpected(ProtocolError{ReasonCode::malformed_packet,
                                          "the remaining length has more than four bytes"});
  }
  return true;
}

Decoded<std::optional<Frame>> FrameReader::next(BytesView& input) {
  if (gathered_) {  // body_ holds the previous frame
    body_ = {};
    gathered_ = false;
  }
  const auto header = read_header(input);
  if (!header) return tl::unexpected(header.error());
  if (!*header) return std::nullopt;
  if (remaining_length_ + std::size_t{header_size_} > maximum_)
    return tl::unexpected(
        ProtocolError{ReasonCode::packet_too_large, "the packet is larger than allowed"});
  Frame frame{first_, {}, padded_length_};
  if (body_.empty() && input.size() >= remaining_length_) {
    frame.body = input.first(remaining_length_);
    input = input.subspan(remaining_length_);
  } else {
    const std::size_t part = std::min(input.size(), remaining_length_ - body_.size());
    body_.insert(body_.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(part));
    input = input.subspan(part);
    if (body_.size() < remaining_length_) return std::nullopt;
    frame.body = body_;
    gathered_ = true;
  }
  header_size_ = 0;
  header_complete_ = false;
  return frame;
}

}  // namespace imprint::mqtt
