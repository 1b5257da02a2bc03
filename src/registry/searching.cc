// SPDX-License-Identifier: Apache-2.0
#include "registry/searching.h"

namespace imprint::registry {

namespace {

std::string value_of(const search::Range& range, const Thing& thing) {
  if (range.field == search::kThingName) return thing.name.str();
  if (range.field == search::kThingTypeName) return thing.type ? thing.type->str() : "";
  // Groups are asked for one at a time, so the range itself says which (search/node.cc).
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

std::string search_place(const search::Range& range, const Thing& thing) {
  return search::place_in(range, value_of(range, thing), thing.name.str());
}

}  // namespace imprint::registry
