// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

#include "encoding/json.h"

namespace imprint::templates {

inline std::string_view text_of(encoding::json::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view text_of(const encoding::json::string& text) {
  return {text.data(), text.size()};
}

/// The text of a value that is a string.
inline std::string_view text_of(const encoding::json::value& value) {
  return text_of(value.get_string());
}

/// The number of characters of UTF-8 text, as AWS counts them.
inline std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace imprint::templates
