// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace imprint {

namespace {

/// Longer names are cut: the time grows with the product of both lengths.
constexpr std::size_t kMostCompared = 256;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The Levenshtein distance, computed a row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(std::string_view wanted, std::span<const std::string> names) {
  wanted = wanted.substr(0, kMostCompared);
  std::size_t best = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  const std::string* found = nullptr;
  for (const std::string& name : names) {
    const std::size_t apart = distance(wanted, std::string_view(name).substr(0, kMostCompared));
    if (apart == best) found = nullptr;
    if (apart >= best) continue;
    best = apart;
    found = &name;
  }
  if (found == nullptr) return std::nullopt;
  return *found;
}

}  // namespace imprint
