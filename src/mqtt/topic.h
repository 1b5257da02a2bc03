// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace imprint::mqtt {

/// AWS IoT Core's limits (contract 7.4). A slash more or a byte more is an error, never a cut.
struct TopicLimits {
  std::size_t bytes = 256;
  std::size_t slashes = 7;
  std::size_t share_name_bytes = 128;
};

/// A topic filter in its parts; they borrow from the text that was parsed.
struct TopicFilter {
  std::string_view share_name = {};  ///< Empty unless the text was `$share/{name}/{filter}`.
  std::string_view filter = {};      ///< Without the share prefix.

  [[nodiscard]] bool is_shared() const { return !share_name.empty(); }
  [[nodiscard]] bool has_wildcard() const {
    return filter.find_first_of("+#") != std::string_view::npos;
  }
};

/// A topic name to publish to: not empty, without wildcards, within the limits (MQTT section 4.7).
/// That it is UTF-8 without NUL is the codec's affair.
Result<void> validate_topic(std::string_view topic, const TopicLimits& limits = {});

/// A topic filter: '+' and '#' alone in their level, '#' last; `$share/{name}/{filter}` with a name
/// of its own and a filter that is itself valid (MQTT 5.0 section 4.8.2).
Result<TopicFilter> parse_filter(std::string_view text, const TopicLimits& limits = {});

/// Whether `filter`, well formed and without share prefix, covers `topic`. As on AWS, `a/#` covers
/// `a/` and `a/b` but not `a` (the standard includes it: [MQTT-4.7.1-2]). A wildcard in the first
/// level never covers a topic that begins with '$' [MQTT-4.7.2-1].
bool matches(std::string_view filter, std::string_view topic);

}  // namespace imprint::mqtt
