// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "policy/pattern.h"

namespace imprint::policy {

/// The obvious matcher that tests and the fuzz target compare Pattern with: a table over every
/// prefix of pattern and text. `*` and `?` are wildcards, everything else is literal.
inline bool reference_match(std::string_view pattern, std::string_view text) {
  const auto split = [](std::string_view whole) {
    std::vector<std::string_view> out;
    for (std::size_t i = 0; i < whole.size(); i += out.back().size())
      out.push_back(whole.substr(i, character_length(whole, i)));
    return out;
  };
  const auto p = split(pattern);
  const auto t = split(text);
  std::vector<bool> row(t.size() + 1, false);
  row[0] = true;
  for (const std::string_view token : p) {
    std::vector<bool> next(t.size() + 1, false);
    for (std::size_t i = 0; i <= t.size(); ++i) {
      if (token == "*") {
        next[i] = row[i] || (i > 0 && next[i - 1]);
      } else {
        next[i] = i > 0 && row[i - 1] && (token == "?" || token == t[i - 1]);
      }
    }
    row = next;
  }
  return row.back();
}

}  // namespace imprint::policy
