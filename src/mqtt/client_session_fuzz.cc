// SPDX-License-Identifier: Apache-2.0
// A server sends any bytes, in pieces of any size, to a client that makes any call at any time.
#include <algorithm>

#include "base/error.h"
#include "mqtt/client_session.h"

using namespace imprint;        // NOLINT(google-build-using-namespace)
using namespace imprint::mqtt;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Version version = (data[0] & 1) != 0 ? Version::v5 : Version::v3_1_1;
  Monotonic now{Seconds(1000)};
  ClientSession client({.version = version, .client_id = "dev", .maximum_packet_bytes = 1024}, now);
  bool closed = false;
  const auto drain = [&] {
    while (const auto action = client.next_action()) {
      IMPRINT_ASSERT(!closed);  // nothing comes after Closed
      closed = std::holds_alternative<Closed>(*action);
      const auto* send = std::get_if<SendBytes>(&*action);
      if (send == nullptr) continue;
      FrameReader reader(1 << 20);
      for (BytesView rest = send->bytes; !rest.empty();) {
        const auto frame = reader.next(rest);
        IMPRINT_ASSERT(frame.has_value() && frame->has_value());
        IMPRINT_ASSERT(decode(**frame, version, Sender::client).has_value());
      }
    }
    IMPRINT_ASSERT(closed == client.is_closed());
  };
  drain();
  BytesView script(data + 1, size - 1);
  while (!script.empty()) {
    const std::uint8_t what = script[0];
    script = script.subspan(1);
    const SubscribePacket::Entry entry{"a/+", {QoS::at_least_once}};
    const std::string_view filter = "a/+";
    if (what < 192) {
      const BytesView bytes = script.first(std::min<std::size_t>(what, script.size()));
      script = script.subspan(bytes.size());
      client.receive(bytes, now);
    } else if (what < 208) {
      (void)client.publish({.topic = "a/b", .payload = Bytes(what, 'p')},
                           static_cast<QoS>(what % 2), false, now);
    } else if (what < 220) {
      (void)client.subscribe({&entry, 1}, now);
    } else if (what < 232) {
      (void)client.unsubscribe({&filter, 1}, now);
    } else if (what < 253) {
      now += Seconds(what - 231);
      client.tick(now);
    } else {
      client.disconnect();
    }
    drain();
  }
  client.connection_lost();
  drain();
  IMPRINT_ASSERT(closed);
  return 0;
}
