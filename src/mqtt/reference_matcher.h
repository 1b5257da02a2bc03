// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// A slow and simple implementation of the matching rules, with which tests and fuzz targets
/// compare the real one.
namespace imprint::mqtt::reference {

inline std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> levels(1);
  for (const char c : text) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

/// As on AWS, '#' in `a/#` stands for at least one level. A leading wildcard does not match topics
/// that begin with '$'.
inline bool matches(std::string_view filter_text, std::string_view topic_text) {
  std::vector<std::string> filter = split(filter_text);
  const std::vector<std::string> topic = split(topic_text);
  const bool wild_start = filter[0] == "+" || filter[0] == "#";
  if (wild_start && topic[0].substr(0, 1) == "$") return false;
  if (filter.back() == "#") {
    if (topic.size() < filter.size()) return false;
    filter.pop_back();
    while (filter.size() < topic.size()) filter.emplace_back("+");
  }
  if (filter.size() != topic.size()) return false;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != "+" && filter[i] != topic[i]) return false;
  }
  return true;
}

}  // namespace imprint::mqtt::reference
