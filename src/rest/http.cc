// SPDX-License-Identifier: Apache-2.0
#include "rest/http.h"

#include <algorithm>

namespace imprint::rest {

namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  const auto it = std::ranges::find_if(
      headers, [&](const auto& header) { return equal_ignoring_case(header.first, name); });
  return it == headers.end() ? std::string_view() : std::string_view(it->second);
}

}  // namespace imprint::rest
