// SPDX-License-Identifier: Apache-2.0
// Queries: parsing never crashes; a parsed query, written out and parsed again, gives the same
// query; and every thing that matches lies in each range that an index may be asked for. The input
// is a query, then lines: thing name, type, groups (spaces between), attribute=value.
#include "base/error.h"
#include "outcome/causes.h"
#include "search/query.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)

namespace {

std::string_view take_until(std::string_view& text, char end) {
  const auto at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

/// Text as the registry accepts it: no control characters, nothing beyond ASCII.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > ' ' && c < '\x7F') out += c;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto query = search::Query::parse(take_until(input, '\n'));
  if (!query) {
    IMPRINT_ASSERT(query.error().cause == "InvalidQuery"_cause);
    return 0;
  }
  const std::string name = plain(take_until(input, '\n')) + "n";
  const std::string type = plain(take_until(input, '\n'));
  search::Document::Attributes attributes;
  search::Document document{.thing_name = name, .thing_type_name = type, .attributes = &attributes};
  std::string_view groups = take_until(input, '\n');
  while (!groups.empty()) document.thing_group_names.push_back(plain(take_until(groups, ' ')));
  while (!input.empty()) {
    std::string_view line = take_until(input, '\n');
    const std::string_view attribute = take_until(line, '=');
    attributes[plain(attribute)] = plain(line);
  }
  const bool found = query->matches(document);
  for (const search::Range& range : query->ranges())
    IMPRINT_ASSERT(!found || search::lies_in(range, document));
  const auto again = search::Query::parse(query->canonical());
  // The written-out query may be too long, or its brackets nested too deeply.
  if (!again) return 0;
  IMPRINT_ASSERT(again->canonical() == query->canonical());
  IMPRINT_ASSERT(again->matches(document) == found);
  return 0;
}
