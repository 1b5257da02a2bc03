// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "registry/store.h"

/// How the registry's things appear to a search, the same for every store.
namespace imprint::registry {

/// A view of both arguments, which must outlive it.
search::Document document_of(const Thing& thing, const std::vector<GroupMembership>& groups);

/// At most this many index rows are counted, to tell a narrow range from a wide one.
inline constexpr std::size_t kMaxCounted = 1000;

/// The search range with the fewest things; the first of several. `count(range, most)` returns the
/// number of things in a range, or `most` if there are at least as many.
template <class Count>
Result<std::size_t> narrowest_range(const search::Query& search, Count count) {
  const std::vector<search::Range>& ranges = search.ranges();
  std::size_t best = 0;
  std::size_t fewest = kMaxCounted;
  for (std::size_t i = 0; ranges.size() > 1 && i < ranges.size(); ++i) {
    TRY_ASSIGN(const std::size_t things, count(ranges[i], fewest));
    if (things >= fewest) continue;
    fewest = things;
    best = i;
  }
  return best;
}

/// Where a page of a search ended, and in which of the search's ranges: later pages stay in the
/// range of the first one, even if another range has become narrower.
struct SearchPlace {
  std::size_t range = 0;
  search::Place place = {};
};

/// Writes a place as the text of a cursor. Texts of places in one range sort in the order of the
/// things.
std::string write_search_place(const search::Query& search, std::size_t range, const Thing& thing);

/// Fault::invalid for a text that is not the end of a page of this search.
Result<SearchPlace> parse_search_place(const search::Query& search, std::string_view text);

}  // namespace imprint::registry
