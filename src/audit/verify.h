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
  std::filesystem::path archive;  ///< a folder; may be missing
};

/// A range of consecutive events.
struct EventRange {
  std::int64_t events = 0;
  std::int64_t first = 0;  ///< 0 when there are none
  std::int64_t last = 0;
};

struct Finding {
  Problem problem;
  std::string where;     ///< "the store" or the path of a file
  std::size_t line = 0;  ///< in the file; 0 if the finding is not about a line
};

struct Report {
  EventRange store = {};  ///< the events checked
  EventRange archive = {};
  std::size_t files = 0;
  std::int64_t unchained = 0;  ///< events older than the chain, which nothing protects
  registry::ChainPlace head = {};
  std::optional<Finding> finding = {};  ///< the first one; absent if the trail is unchanged
  std::vector<std::string> notes = {};  ///< other facts that an operator should know
};

/// Checks a whole trail against its hash chain: the archive's files, oldest first, then the store.
/// Then compares the two with each other and with `noted`, a head that was written down earlier. A
/// server may be running. Fails with Fault::not_found if neither has the event of `noted` any
/// more.
Result<Report> verify(const TrailFiles& files, const std::optional<registry::ChainPlace>& noted);

/// "1234:<64 hexadecimal digits>", as `imprint audit head` prints it.
Result<registry::ChainPlace> parse_place(std::string_view text);
std::string to_string(const registry::ChainPlace& place);

}  // namespace imprint::audit
