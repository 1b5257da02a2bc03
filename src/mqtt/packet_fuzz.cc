// SPDX-License-Identifier: Apache-2.0
// Frames and packets: never crash, and a decoded packet is the same after encoding and decoding it
// again.
#include "base/error.h"
#include "mqtt/frame_reader.h"

using namespace imprint;        // NOLINT(google-build-using-namespace)
using namespace imprint::mqtt;  // NOLINT(google-build-using-namespace)

namespace {

void check_identity(const Packet& packet, Version version, Sender sender) {
  Bytes bytes;
  encode(packet, version, bytes);
  IMPRINT_ASSERT(bytes.size() == encoded_size(packet, version));
  BytesView rest = bytes;
  FrameReader reader(bytes.size());
  const auto frame = reader.next(rest);
  IMPRINT_ASSERT(frame.has_value() && frame->has_value() && rest.empty());
  const auto again = decode(**frame, version, sender);
  IMPRINT_ASSERT(again.has_value());
  IMPRINT_ASSERT(*again == packet);
}

}  // namespace

// The first byte chooses version, direction and the size of the pieces; the rest is the stream.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Version version = (data[0] & 1) != 0 ? Version::v5 : Version::v3_1_1;
  const Sender sender = (data[0] & 2) != 0 ? Sender::server : Sender::client;
  const std::size_t piece_size = std::size_t{1} + (data[0] >> 2);
  constexpr std::size_t kMaximum = 4096;
  FrameReader reader(kMaximum);
  for (BytesView rest(data + 1, size - 1); !rest.empty();) {
    BytesView piece = rest.first(std::min(piece_size, rest.size()));
    rest = rest.subspan(piece.size());
    while (true) {
      const auto frame = reader.next(piece);
      IMPRINT_ASSERT(reader.buffered() <= std::min(kMaximum, size));
      if (!frame) return 0;
      if (!*frame) break;
      const auto packet = decode(**frame, version, sender);
      if (packet) check_identity(*packet, version, sender);
    }
    IMPRINT_ASSERT(piece.empty());
  }
  return 0;
}
