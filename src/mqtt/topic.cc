// SPDX-License-Identifier: Apache-2.0
#include "mqtt/topic.h"

#include <algorithm>

#include "base/name.h"

namespace imprint::mqtt {

namespace {

constexpr std::string_view kShare = "$share";
constexpr std::string_view kBasicIngest = "$aws/rules/";
constexpr std::size_t kMaxRuleNameBytes = 128;  ///< AWS IoT API, CreateTopicRule

/// Removes the first level and its slash from `rest` and returns the level. `last` is set if there
/// was no slash.
std::string_view next_level(std::string_view& rest, bool& last) {
  const std::size_t slash = rest.find('/');
  last = slash == std::string_view::npos;
  const std::string_view level = rest.substr(0, slash);
  rest = last ? std::string_view() : rest.substr(slash + 1);
  return level;
}

Result<void> check_extent(std::string_view kind, std::string_view text, const TopicLimits& limits) {
  // [MQTT-4.7.3-1]
  if (text.empty()) return fail(Fault::invalid, "the {} is empty", kind);
  if (text.size() > limits.bytes)
    return fail(Fault::invalid, "the {} {} has {} bytes; at most {} are allowed", kind, quote(text),
                text.size(), limits.bytes);
  const auto slashes = static_cast<std::size_t>(std::ranges::count(text, '/'));
  if (slashes > limits.slashes)
    return fail(Fault::invalid, "the {} {} has {} slashes; at most {} are allowed", kind,
                quote(text), slashes, limits.slashes);
  return {};
}

/// The part of a topic to which the limits apply. As on AWS, the prefix `$aws/rules/{rule}/` of
/// Basic Ingest does not count.
std::string_view counted_part(std::string_view topic) {
  if (!topic.starts_with(kBasicIngest)) return topic;
  const std::string_view rest = topic.substr(kBasicIngest.size());
  const std::size_t slash = rest.find('/');
  const bool is_rule = slash != std::string_view::npos && slash > 0 && slash <= kMaxRuleNameBytes &&
                       slash + 1 < rest.size();
  return is_rule ? rest.substr(slash + 1) : topic;
}

Result<void> check_wildcards(std::string_view filter) {
  std::string_view rest = filter;
  for (bool last = false; !last;) {
    const std::string_view level = next_level(rest, last);
    // [MQTT-4.7.1-2], [MQTT-4.7.1-3]: a wildcard occupies an entire level.
    if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos)
      return fail(Fault::invalid,
                  "the topic filter {} mixes a wildcard with other characters in one level",
                  quote(filter));
    // [MQTT-4.7.1-2]: '#' is the last character.
    if (level == "#" && !last)
      return fail(Fault::invalid, "the topic filter {} continues after '#'", quote(filter));
  }
  return {};
}

}  // namespace

Result<void> validate_topic(std::string_view topic, const TopicLimits& limits) {
  TRY(check_extent("topic", counted_part(topic), limits));
  // [MQTT-3.3.2-2], [MQTT-4.7.1-1]
  if (topic.find_first_of("+#") != std::string_view::npos)
    return fail(Fault::invalid,
                "the topic {} contains a wildcard; only topic filters may contain wildcards",
                quote(topic));
  return {};
}

Result<TopicFilter> parse_filter(std::string_view text, const TopicLimits& limits) {
  TopicFilter parts{.share_name = {}, .filter = text};
  if (text == kShare || (text.starts_with(kShare) && text[kShare.size()] == '/')) {
    // [MQTT-4.8.2-1], [MQTT-4.8.2-2]: $share/{name}/{filter}, the name without '/', '+' and '#'.
    std::string_view rest = text.substr(std::min(text.size(), kShare.size() + 1));
    bool no_filter = false;
    parts.share_name = next_level(rest, no_filter);
    parts.filter = rest;
    if (parts.share_name.empty() || no_filter ||
        parts.share_name.find_first_of("+#") != std::string_view::npos)
      return fail(Fault::invalid,
                  "the shared subscription {} must be $share/NAME/FILTER, with no wildcard in NAME",
                  quote(text));
    if (parts.share_name.size() > limits.share_name_bytes)
      return fail(Fault::invalid, "the share name {} has {} bytes; at most {} are allowed",
                  quote(parts.share_name), parts.share_name.size(), limits.share_name_bytes);
  }
  TRY(check_extent("topic filter", parts.filter, limits));
  TRY(check_wildcards(parts.filter));
  return parts;
}

bool matches(std::string_view filter, std::string_view topic) {
  // [MQTT-4.7.2-1]
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  for (bool filter_ends = false, topic_ends = false;;) {
    const std::string_view level = next_level(filter, filter_ends);
    // As on AWS, '#' needs at least one level; here the topic has one.
    if (level == "#") return true;
    if (const std::string_view name = next_level(topic, topic_ends); level != "+" && level != name)
      return false;
    if (filter_ends || topic_ends) return filter_ends && topic_ends;
  }
}

}  // namespace imprint::mqtt
