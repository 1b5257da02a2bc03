// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

/// DER (ITU-T X.690) as far as certificates need it. The reader is strict: definite lengths in
/// their shortest form, tag numbers below 31, every element inside its parent. It never recurses
/// and never copies, so hostile input costs no more than its own length, and no OpenSSL decoder
/// sees a byte that this reader has not accepted.
namespace imprint::x509::der {

enum Tag : std::uint8_t {
  boolean = 0x01,
  integer = 0x02,
  bit_string = 0x03,
  octet_string = 0x04,
  null = 0x05,
  object_identifier = 0x06,
  utf8_string = 0x0C,
  numeric_string = 0x12,
  printable_string = 0x13,
  t61_string = 0x14,
  ia5_string = 0x16,
  utc_time = 0x17,
  generalized_time = 0x18,
  visible_string = 0x1A,
  universal_string = 0x1C,
  bmp_string = 0x1E,
  sequence = 0x30,
  set = 0x31,
};

/// The tag [number] of a context-specific element; `number` below 31.
constexpr std::uint8_t context(unsigned number, bool constructed) {
  return static_cast<std::uint8_t>(0x80U | (constructed ? 0x20U : 0U) | number);
}

struct Element {
  std::uint8_t tag = 0;
  BytesView content;
  BytesView whole;  ///< tag, length and content
};

/// Walks the elements of one constructed value. Views point into the bytes given.
/// `what` in each call names the element for the error message.
class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  /// Whether another element follows and carries this tag.
  [[nodiscard]] bool next_is(std::uint8_t tag) const { return !empty() && rest_[0] == tag; }

  Result<Element> any(std::string_view what);
  Result<Element> expect(std::uint8_t tag, std::string_view what);
  /// A reader over the content of the next element.
  Result<Reader> enter(std::uint8_t tag, std::string_view what);
  /// The content of an OBJECT IDENTIFIER, checked: 1 to 32 bytes, well-formed arcs.
  Result<BytesView> oid(std::string_view what);
  /// The content of an INTEGER in its shortest form, two's complement.
  Result<BytesView> integer_bytes(std::string_view what);
  /// A BIT STRING of whole bytes.
  Result<BytesView> bit_string_bytes(std::string_view what);
  /// An error unless everything was read.
  [[nodiscard]] Result<void> end(std::string_view what) const;

 private:
  BytesView rest_;
};

/// Reads exactly one element that takes up all of `bytes`.
Result<Element> read_one(BytesView bytes, std::uint8_t tag, std::string_view what);

/// The magnitude of a non-negative INTEGER without its leading zero; an error when negative.
Result<BytesView> positive(BytesView integer, std::string_view what);

/// "2.5.4.3" from the content of a checked OBJECT IDENTIFIER.
std::string oid_text(BytesView oid);

/// Writing: each function returns one encoded element.
Bytes element(std::uint8_t tag, BytesView content);
/// `magnitude` is big-endian and may have leading zeros; the result is non-negative and shortest.
Bytes unsigned_integer(BytesView magnitude);
Bytes bit_string_of(BytesView bytes);
Bytes oid(std::string_view content);

inline void append(Bytes& out, BytesView more) { out.insert(out.end(), more.begin(), more.end()); }

/// A constructed element of already encoded parts, in order.
template <std::convertible_to<BytesView>... Parts>
Bytes constructed(std::uint8_t tag, const Parts&... parts) {
  Bytes content;
  content.reserve((std::size_t{0} + ... + BytesView(parts).size()));
  (append(content, BytesView(parts)), ...);
  return element(tag, content);
}

template <std::convertible_to<BytesView>... Parts>
Bytes sequence_of(const Parts&... parts) {
  return constructed(sequence, parts...);
}

}  // namespace imprint::x509::der
