// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace imprint::mqtt {

/// AWS IoT Core's limits (contract 7.4). A topic beyond a limit is an error; it is never truncated.
struct TopicLimits {
  std::size_t bytes = 256;
  std::size_t slashes = 7;
  std::size_t share_name_bytes = 128;
};

/// A parsed topic filter; it borrows from the parsed text.
struct TopicFilter {
  std::string_view share_name = {};  ///< Empty unless the text was `$share/{name}/{filter}`.
  std::string_view filter = {};      ///< Without the share prefix.

  [[nodiscard]] bool is_shared() const { return !share_name.empty(); }
  [[nodiscard]] bool has_wildcard() const {
    return filter.find_first_of("+#") != std::string_view::npos;
  }
};

/// Checks a topic name to publish to: not empty, without wildcards, within the limits (MQTT
/// section 4.7). The codec checks that it is UTF-8 without NUL.
Result<void> validate_topic(std::string_view topic, const TopicLimits& limits = {});

/// Parses a topic filter. '+' and '#' must fill a level, and '#' must be last. In
/// `$share/{name}/{filter}`, the name must not be empty and the filter must be valid (MQTT 5.0
/// section 4.8.2).
Result<TopicFilter> parse_filter(std::string_view text, const TopicLimits& limits = {});

/// Whether `filter`, which must be valid and without share prefix, matches `topic`. As on AWS,
/// `a/#` matches `a/` and `a/b` but not `a`, which the standard includes [MQTT-4.7.1-2]. A wildcard
/// in the first level never matches a topic that begins with '$' [MQTT-4.7.2-1].
bool matches(std::string_view filter, std::string_view topic);

}  // namespace imprint::mqtt
