// SPDX-License-Identifier: Apache-2.0
#include "story/changes.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <vector>

#include "base/name.h"

namespace imprint::story {

namespace {

namespace json = encoding::json;

constexpr std::size_t kMostInWords = 5;  ///< records, and members of each

std::string value_in_words(const json::object& one, std::string_view when) {
  const json::value* value = one.if_contains(when);
  if (value == nullptr) return "nothing";
  if (value->is_string()) return quote(value->get_string());
  const auto* summary = value->if_object();
  const auto* bytes = summary == nullptr ? nullptr : summary->if_contains("bytes");
  return bytes == nullptr ? encoding::to_json(*value) : encoding::to_json(*bytes) + " bytes";
}

/// Every record that came to be has only what it is after, every one that is gone what it was.
bool none_has(const json::object& members, std::string_view when) {
  return std::ranges::none_of(members, [&](const auto& member) {
    const auto* one = member.value().if_object();
    return one != nullptr && one->contains(when);
  });
}

std::string record_in_words(std::string_view title, const json::object& members) {
  // A record that changes has its version before and after among them.
  if (none_has(members, "before")) return fmt::format("made {}", title);
  if (none_has(members, "after")) return fmt::format("removed {}", title);
  std::vector<std::string> words;
  std::size_t more = 0;
  for (const auto& member : members) {
    const auto* one = member.value().if_object();
    if (one == nullptr || member.key() == "version") continue;
    if (words.size() == kMostInWords) {
      ++more;
      continue;
    }
    words.push_back(fmt::format("{} {} -> {}", std::string_view(member.key()),
                                value_in_words(*one, "before"), value_in_words(*one, "after")));
  }
  if (words.empty()) return fmt::format("{}: nothing but its version", title);
  if (more > 0) words.push_back(fmt::format("{} more", more));
  return fmt::format("{}: {}", title, fmt::join(words, ", "));
}

}  // namespace

std::string changes_in_words(const json::object& detail) {
  const json::value* changes = detail.if_contains("changes");
  if (changes == nullptr || !changes->is_object()) return "";
  std::vector<std::string> words;
  for (const auto& record : changes->get_object()) {
    const auto* members = record.value().if_object();
    if (members == nullptr) continue;
    if (words.size() == kMostInWords) {
      words.push_back(fmt::format("{} more records", changes->get_object().size() - kMostInWords));
      break;
    }
    words.push_back(record_in_words(record.key(), *members));
  }
  return fmt::format("{}", fmt::join(words, "; "));
}

}  // namespace imprint::story
