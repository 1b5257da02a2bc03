// SPDX-License-Identifier: Apache-2.0
// Filters and topics, one per line: the index and matches() agree with the slow reference.
#include <set>

#include "base/bytes.h"
#include "base/error.h"
#include "mqtt/reference_matcher.h"
#include "mqtt/subscription_index.h"

using namespace imprint;        // NOLINT(google-build-using-namespace)
using namespace imprint::mqtt;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  SubscriptionIndex index;
  std::set<std::string> held;
  std::vector<SubscriptionIndex::Match> matches_found;
  constexpr SubscriberId kSubscriber{1};
  std::string_view text = as_text({data, size});
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with('!')) {
      const auto filter = parse_filter(line.substr(1));
      if (filter && !filter->is_shared()) {
        const bool was_held = held.erase(std::string(filter->filter)) > 0;
        IMPRINT_ASSERT(index.unsubscribe(kSubscriber, *filter) == was_held);
      }
    } else if (const auto filter = parse_filter(line); filter && !filter->is_shared()) {
      index.subscribe(kSubscriber, *filter, {});
      held.emplace(filter->filter);
    }
    IMPRINT_ASSERT(index.size() == held.size());
    if (!validate_topic(line)) continue;
    bool expected = false;
    for (const std::string& filter : held) {
      const bool covers = reference::matches(filter, line);
      IMPRINT_ASSERT(matches(filter, line) == covers);
      expected |= covers;
    }
    index.match(line, SubscriberId{2}, matches_found);
    IMPRINT_ASSERT(matches_found.size() == (expected ? 1U : 0U));
  }
  return 0;
}
