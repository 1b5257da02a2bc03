// SPDX-License-Identifier: Apache-2.0
#include "mqtt/wire.h"

#include "encoding/text.h"

namespace imprint::mqtt::wire {

namespace {

// [MQTT-1.5.4-1] no invalid UTF-8, no surrogates; [MQTT-1.5.4-2] no U+0000.
bool is_mqtt_text(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= c > 0;  // no early exit, so that it vectorises
  if (plain) return true;
  return text.find('\0') == std::string_view::npos && encoding::is_utf8(text);
}

}  // namespace

void Cursor::fail(const ProtocolError& error) {
  if (failed_) return;
  failed_ = true;
  error_ = error;
  bytes_ = {};
}

BytesView Cursor::take(std::size_t size) {
  if (size > bytes_.size()) {
    fail(ReasonCode::malformed_packet, "the packet ends inside a field");
    return {};
  }
  const BytesView taken = bytes_.first(size);
  bytes_ = bytes_.subspan(size);
  return taken;
}

std::uint8_t Cursor::u8() {
  const BytesView b = take(1);
  return b.empty() ? std::uint8_t{0} : b[0];
}

std::uint16_t Cursor::u16() {
  const BytesView b = take(2);
  return b.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(b[0] << 8 | b[1]);
}

std::uint32_t Cursor::u32() {
  const std::uint32_t high = u16();
  return high << 16 | u16();
}

std::uint32_t Cursor::variable() {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint8_t byte = u8();
    value |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    // [MQTT-1.5.5-1] the encoded value must use the least number of bytes.
    if (i > 0 && byte == 0) break;
    return value;
  }
  fail(ReasonCode::malformed_packet, "a variable byte integer is too long");
  return 0;
}

std::string_view Cursor::text() {
  const std::string_view text = as_text(take(u16()));
  if (!is_mqtt_text(text)) {
    fail(ReasonCode::malformed_packet, "a text is not valid UTF-8 or contains U+0000");
    return {};
  }
  return text;
}

Blob Cursor::binary() { return take(u16()); }

}  // namespace imprint::mqtt::wire
