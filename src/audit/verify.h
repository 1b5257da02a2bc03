// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/chain_check.h"

namespace imprint::audit {

/// Where a deployment keeps its audit trail.
struct TrailFiles {
  std::filesystem::path store;
  std::filesystem::path archive;  ///< a folder, which need not exist
};

/// Consecutive events.
struct Stretch {
  std::int64_t events = 0;
  std::int64_t first = 0;  ///< 0 when there are none
  std::int64_t last = 0;
};

struct Finding {
  Problem problem;
  std::string where;     ///< "the store", or a file's path
  std::size_t line = 0;  ///< of a file; 0: of no line
};

struct Report {
  Stretch store = {};  ///< what was checked of it
  Stretch archive = {};
  std::size_t files = 0;
  std::int64_t unchained = 0;  ///< events from before there was a chain, which nothing vouches for
  registry::ChainPlace head = {};
  std::optional<Finding> finding = {};  ///< the first; absent: the trail is as it was written
  std::vector<std::string> notes = {};  ///< what an operator should know all the same
};

/// Holds all of a trail to its hash chain: the archive's files from the oldest on, then the store,
/// then the two to each other, and to `noted`, a head that was written down earlier. A server may
/// write meanwhile. Fault::not_found when neither has the event of `noted` any more.
Result<Report> verify(const TrailFiles& files, const std::optional<registry::ChainPlace>& noted);

/// "1234:<64 hexadecimal digits>", as `imprint audit head` prints it.
Result<registry::ChainPlace> parse_place(std::string_view text);
std::string to_string(const registry::ChainPlace& place);

}  // namespace imprint::audit
