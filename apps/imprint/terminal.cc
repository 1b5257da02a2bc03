// SPDX-License-Identifier: Apache-2.0
#include "apps/imprint/terminal.h"

#include <utility>

#include "base/name.h"
#include "encoding/text.h"

namespace imprint::tool {

namespace {

/// Characters that move the cursor, change colours, reverse the text direction or are invisible:
/// C0, DEL, C1, and Unicode's direction and zero-width characters (UAX #9; U+200B to U+200F, U+2028
/// to U+202E, U+2060 to U+206F, U+061C, U+FEFF).
bool is_unseen(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0x061C || c == 0xFEFF;
}

/// The character at the beginning of well-formed UTF-8, and its bytes.
std::pair<char32_t, std::size_t> first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
  };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t size = byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  char32_t c = byte(0) & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) c = (c << 6U) | (byte(i) & 0x3FU);
  return {c, size};
}

}  // namespace

std::string for_terminal(std::string_view text) {
  if (!encoding::is_utf8(text)) return quote(text);
  std::string out;
  while (!text.empty()) {
    const auto [c, size] = first_of(text);
    out += is_unseen(c) ? std::string(" ") : std::string(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

std::string shown(const encoding::json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  if (value == nullptr || !value->is_string()) return {};
  return for_terminal(value->get_string());
}

}  // namespace imprint::tool
