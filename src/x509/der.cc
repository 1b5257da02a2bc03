// SPDX-License-Identifier: Apache-2.0
#include "x509/der.h"

#include <algorithm>
#include <fmt/format.h>

namespace imprint::x509::der {

namespace {

constexpr std::size_t kMaxOidBytes = 32;
constexpr std::uint8_t kLongForm = 0x80;

Result<void> check_oid(BytesView oid, std::string_view what) {
  if (oid.empty() || oid.size() > kMaxOidBytes) {
    return fail(Fault::invalid, "{}: an object identifier of {} bytes; 1 to {} are allowed", what,
                oid.size(), kMaxOidBytes);
  }
  // X.690 8.19.2: each arc in the fewest octets, so none starts with 0x80; the last octet ends one.
  bool starts_arc = true;
  for (const std::uint8_t b : oid) {
    if (starts_arc && b == kLongForm)
      return fail(Fault::invalid, "{}: a padded object identifier", what);
    starts_arc = (b & kLongForm) == 0;
  }
  if (!starts_arc) return fail(Fault::invalid, "{}: a cut object identifier", what);
  return {};
}

}  // namespace

Result<Element> Reader::any(std::string_view what) {
  if (rest_.size() < 2) return fail(Fault::invalid, "{}: the data ends too early", what);
  const std::uint8_t tag = rest_[0];
  if ((tag & 0x1FU) == 0x1FU) return fail(Fault::invalid, "{}: a multi-byte tag", what);
  std::size_t length = rest_[1];
  std::size_t header = 2;
  if (length >= kLongForm) {
    const std::size_t octets = length - kLongForm;
    if (octets == 0 || octets > 4)
      return fail(Fault::invalid, "{}: an indefinite or oversized length", what);
    if (rest_.size() < header + octets)
      return fail(Fault::invalid, "{}: the data ends too early", what);
    length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = length << 8U | rest_[header + i];
    // X.690 10.1: the length in the fewest octets.
    if (length < kLongForm || rest_[header] == 0)
      return fail(Fault::invalid, "{}: a length that is not in its shortest form", what);
    header += octets;
  }
  if (length > rest_.size() - header)
    return fail(Fault::invalid, "{}: {} bytes announced, {} there", what, length,
                rest_.size() - header);
  const Element found{tag, rest_.subspan(header, length), rest_.first(header + length)};
  rest_ = rest_.subspan(header + length);
  return found;
}

Result<Element> Reader::expect(std::uint8_t tag, std::string_view what) {
  if (empty()) return fail(Fault::invalid, "{}: missing", what);
  if (rest_[0] != tag) {
    return fail(Fault::invalid, "{}: found tag 0x{:02x} where 0x{:02x} belongs", what, rest_[0],
                tag);
  }
  return any(what);
}

Result<Reader> Reader::enter(std::uint8_t tag, std::string_view what) {
  TRY_ASSIGN(const Element found, expect(tag, what));
  return Reader(found.content);
}

Result<BytesView> Reader::oid(std::string_view what) {
  TRY_ASSIGN(const Element found, expect(object_identifier, what));
  TRY(check_oid(found.content, what));
  return found.content;
}

Result<BytesView> Reader::integer_bytes(std::string_view what) {
  TRY_ASSIGN(const Element found, expect(integer, what));
  const BytesView b = found.content;
  if (b.empty()) return fail(Fault::invalid, "{}: an integer without digits", what);
  if (b.size() > 1 && ((b[0] == 0x00 && b[1] < 0x80) || (b[0] == 0xFF && b[1] >= 0x80)))
    return fail(Fault::invalid, "{}: a padded integer", what);
  return b;
}

Result<BytesView> Reader::bit_string_bytes(std::string_view what) {
  TRY_ASSIGN(const Element found, expect(bit_string, what));
  if (found.content.empty() || found.content[0] != 0)
    return fail(Fault::invalid, "{}: a bit string that is not whole bytes", what);
  return found.content.subspan(1);
}

Result<void> Reader::end(std::string_view what) const {
  if (!empty()) return fail(Fault::invalid, "{}: {} bytes too many", what, rest_.size());
  return {};
}

Result<Element> read_one(BytesView bytes, std::uint8_t tag, std::string_view what) {
  Reader reader(bytes);
  TRY_ASSIGN(const Element found, reader.expect(tag, what));
  TRY(reader.end(what));
  return found;
}

Result<BytesView> positive(BytesView integer, std::string_view what) {
  if (integer[0] >= 0x80) return fail(Fault::invalid, "{}: a negative number", what);
  return integer[0] == 0 ? integer.subspan(1) : integer;
}

std::string oid_text(BytesView oid) {
  std::string out;
  std::uint64_t arc = 0;
  for (const std::uint8_t b : oid) {
    if (arc > (UINT64_MAX >> 7U)) return out + ".(too large)";
    arc = arc << 7U | (b & 0x7FU);
    if ((b & kLongForm) != 0) continue;
    if (out.empty()) {
      const std::uint64_t first = std::min<std::uint64_t>(arc / 40, 2);
      out = fmt::format("{}.{}", first, arc - first * 40);
    } else {
      out += fmt::format(".{}", arc);
    }
    arc = 0;
  }
  return out;
}

Bytes element(std::uint8_t tag, BytesView content) {
  Bytes out;
  out.reserve(content.size() + 5);
  out.push_back(tag);
  if (content.size() < kLongForm) {
    out.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    std::size_t octets = 1;
    while (octets < 4 && content.size() >> (8 * octets) != 0) ++octets;
    out.push_back(static_cast<std::uint8_t>(kLongForm | octets));
    for (std::size_t i = octets; i-- > 0;)
      out.push_back(static_cast<std::uint8_t>(content.size() >> (8 * i)));
  }
  append(out, content);
  return out;
}

Bytes unsigned_integer(BytesView magnitude) {
  while (!magnitude.empty() && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  Bytes content;
  if (magnitude.empty() || magnitude[0] >= 0x80) content.push_back(0);
  append(content, magnitude);
  return element(integer, content);
}

Bytes bit_string_of(BytesView bytes) {
  Bytes content{0};
  append(content, bytes);
  return element(bit_string, content);
}

Bytes oid(std::string_view content) { return element(object_identifier, as_bytes(content)); }

}  // namespace imprint::x509::der
