// SPDX-License-Identifier: Apache-2.0
#include "registry/searching.h"

#include <charconv>

#include "base/name.h"

namespace imprint::registry {

namespace {

std::string value_of(const search::Range& range, const Thing& thing) {
  if (range.field == search::kThingName) return thing.name.str();
  if (range.field == search::kThingTypeName) return thing.type ? thing.type->str() : "";
  // A search names one group at a time, so the range itself holds the name (search/node.cc).
  if (range.field == search::kThingGroupNames) return range.low;
  const auto found = thing.attributes.find(range.field.substr(search::kAttributes.size()));
  return found == thing.attributes.end() ? "" : found->second;
}

}  // namespace

search::Document document_of(const Thing& thing, const std::vector<GroupMembership>& groups) {
  search::Document out{.thing_name = thing.name.str(),
                       .thing_id = thing.id,
                       .thing_type_name = thing.type ? std::string_view(thing.type->str()) : "",
                       .attributes = &thing.attributes};
  for (const GroupMembership& membership : groups)
    out.thing_group_names.push_back(membership.group.str());
  return out;
}

std::string write_search_place(const search::Query& search, std::size_t range, const Thing& thing) {
  const search::Range& walked = search.ranges()[range];
  return fmt::format("{}\n{}", range,
                     search::place_in(walked, value_of(walked, thing), thing.name.str()));
}

Result<SearchPlace> parse_search_place(const search::Query& search, std::string_view text) {
  const auto refused =
      fail_at(Fault::invalid, "cursor", "no page of this search ends at {}", quote(text));
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return refused;
  SearchPlace out;
  const auto number = std::from_chars(text.data(), text.data() + end, out.range);
  if (number.ec != std::errc() || number.ptr != text.data() + end ||
      out.range >= search.ranges().size()) {
    return refused;
  }
  auto place = search::parse_place(search.ranges()[out.range], text.substr(end + 1));
  if (!place) return refused;
  out.place = std::move(*place);
  return out;
}

}  // namespace imprint::registry
