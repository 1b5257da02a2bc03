// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "mqtt/codec.h"
#include "mqtt/packet.h"

/// The data types of MQTT 5.0 section 1.5, shared by decode.cc, encode.cc and properties.cc.
namespace imprint::mqtt::wire {

constexpr std::uint32_t kMaxVariable = 268'435'455;

constexpr std::size_t variable_size(std::size_t value) {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20'0000 ? 3 : 4;
}

/// Reads from the front of borrowed bytes. After the first error, all reads return zeros and empty
/// views, so a decoder needs only one check at its end. Loops use more().
class Cursor {
 public:
  explicit Cursor(BytesView bytes) : bytes_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint32_t variable();
  std::string_view text();
  Blob binary();
  BytesView take(std::size_t size);
  BytesView rest() { return take(bytes_.size()); }

  /// Whether bytes are left and no error occurred.
  [[nodiscard]] bool more() const { return !failed_ && !bytes_.empty(); }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const ProtocolError& error() const { return error_; }

  void fail(ReasonCode code, std::string_view message) { fail({code, message}); }
  void fail(const ProtocolError& error);

 private:
  BytesView bytes_;
  ProtocolError error_;
  bool failed_ = false;
};

/// Counts the bytes that Writer would write. One description of a packet thus yields its length and
/// its bytes.
class Measure {
 public:
  void u8(std::uint8_t) { size_ += 1; }
  void u16(std::uint16_t) { size_ += 2; }
  void u32(std::uint32_t) { size_ += 4; }
  void variable(std::size_t value) { size_ += variable_size(value); }
  void raw(BytesView bytes) { size_ += bytes.size(); }
  void text(std::string_view text) { size_ += 2 + text.size(); }
  void binary(BytesView bytes) { size_ += 2 + bytes.size(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

/// Writes into memory of the size that Measure returned.
class Writer {
 public:
  explicit Writer(std::uint8_t* out) : out_(out) {}
  void u8(std::uint8_t value) { *out_++ = value; }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value & 0xFF));
  }
  void u32(std::uint32_t value) {
    u16(static_cast<std::uint16_t>(value >> 16));
    u16(static_cast<std::uint16_t>(value & 0xFFFF));
  }
  void variable(std::size_t value) {
    while (value >= 0x80) {
      u8(static_cast<std::uint8_t>((value & 0x7F) | 0x80));
      value >>= 7;
    }
    u8(static_cast<std::uint8_t>(value));
  }
  void raw(BytesView bytes) {
    if (!bytes.empty()) std::memcpy(out_, bytes.data(), bytes.size());
    out_ += bytes.size();
  }
  void text(std::string_view text) { binary(as_bytes(text)); }
  void binary(BytesView bytes) {
    IMPRINT_ASSERT(bytes.size() <= 0xFFFF);
    u16(static_cast<std::uint16_t>(bytes.size()));
    raw(bytes);
  }
  [[nodiscard]] const std::uint8_t* position() const { return out_; }

 private:
  std::uint8_t* out_;
};

/// The packets that may contain a property: the bits of packet types, and kWill for the will inside
/// CONNECT.
using Places = std::uint16_t;
constexpr Places kWill = 1;
constexpr Places place(PacketType type) {
  return static_cast<Places>(1U << static_cast<unsigned>(type));
}

/// Reads a property section and its length field. Errors are stored in `cursor`.
void read_properties(Cursor& cursor, Places where, const DecodeLimits& limits, Properties& out);

/// The size, without the length field, of the properties that are allowed in `where`.
std::size_t properties_size(const Properties& properties, Places where);

/// Writes the section and its length field.
void write_properties(Writer& writer, const Properties& properties, Places where);
inline void write_properties(Measure& measure, const Properties& properties, Places where) {
  const std::size_t size = properties_size(properties, where);
  measure.variable(size);
  measure.raw({static_cast<const std::uint8_t*>(nullptr), size});
}

}  // namespace imprint::mqtt::wire
