// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "registry/store.h"

/// How a thing of the registry looks to a search: the same for every store.
namespace imprint::registry {

/// A view of both; neither may go before it.
search::Document document_of(const Thing& thing, const std::vector<GroupMembership>& groups);

/// Rows of an index that are counted at most, to tell a narrow range from a wide one.
inline constexpr std::size_t kMaxCounted = 1000;

/// The range of the search with the fewest things; of several, the first. `count(range, most)`
/// tells how many things a range has, `most` when there are as many or more.
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

/// Where a page of a search ended, and in which of the search's ranges: a later page walks on in
/// the range of the first one, though another may have become narrower.
struct SearchPlace {
  std::size_t range = 0;
  search::Place place = {};
};

/// As a cursor's text. Places in one range compare as the things come.
std::string write_search_place(const search::Query& search, std::size_t range, const Thing& thing);

/// Fault::invalid for a text that no page of this search ended with.
Result<SearchPlace> parse_search_place(const search::Query& search, std::string_view text);

}  // namespace imprint::registry
