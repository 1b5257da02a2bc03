// SPDX-License-Identifier: Apache-2.0
#include "control_api/arn.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/searching.h"
#include "control_api/thing_group_tree.h"
#include "control_api/thing_records.h"

namespace imprint::control_api {

namespace {

using registry::GroupMembership;

/// AWS IoT quota.
constexpr std::size_t kMaxGroupsPerThing = 10;
constexpr std::size_t kMaxGroupsInRequest = 100;

/// A thing or group that may be given by name, by ARN, or by both if they agree.
template <class N>
Result<N> name_or_arn(const Call& call, std::string_view name_member, std::string_view arn_member,
                      std::string_view resource) {
  const auto name = call.in.optional_name<N>(name_member);
  const std::string arn = call.in.text(arn_member);
  if (arn.empty()) {
    if (name) return *name;
    return refuse(Exception::invalid_request,
                  fmt::format("neither {} nor {} is given; give one", name_member, arn_member));
  }
  TRY_ASSIGN(const std::string text, parse_arn(call, arn_member, arn, resource));
  auto from_arn = N::parse(text);
  if (!from_arn) return refuse_value(arn_member, arn, from_arn.error().message);
  if (!name || *name == *from_arn) return std::move(*from_arn);
  return refuse(Exception::invalid_request,
                fmt::format("{} and {} name different resources, {} and {}", name_member,
                            arn_member, quote(name->str()), quote(from_arn->str())));
}

struct Membership {
  ThingName thing;
  ThingGroupName group;
};

/// The group, unless it is dynamic.
runtime::Task<Result<registry::ThingGroup>> get_static_group(registry::Store& store,
                                                             ThingGroupName name,
                                                             std::string member) {
  CO_TRY_ASSIGN(registry::ThingGroup record, co_await get_thing_group_record(store, name));
  if (!record.is_dynamic()) co_return std::move(record);
  co_return refuse(
      Exception::invalid_request,
      fmt::format("Thing group {} is dynamic: its query decides what is in it", quote(name.str())),
      std::move(member));
}

runtime::Task<Result<Membership>> read_membership(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(ThingName thing, name_or_arn<ThingName>(call, "thingName", "thingArn", "thing"));
  CO_TRY_ASSIGN(ThingGroupName group,
                name_or_arn<ThingGroupName>(call, "thingGroupName", "thingGroupArn", "thinggroup"));
  CO_TRY(co_await get_thing_record(store, thing));
  CO_TRY(co_await get_static_group(store, group, "thingGroupName"));
  co_return Membership{std::move(thing), std::move(group)};
}

registry::ChangeSet membership_change(const Call& call, const Membership& membership) {
  registry::AuditEvent event = call.event({{"thing_group", membership.group.str()}});
  event.thing = membership.thing.str();
  return change_set(std::move(event));
}

/// A thing is in ten groups at most, and in one of each hierarchy.
runtime::Task<Result<void>> check_room(registry::Store& store, ThingGroupName group,
                                       std::vector<GroupMembership> present) {
  if (present.size() >= kMaxGroupsPerThing) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("the thing is already in {} groups, the maximum", present.size()));
  }
  CO_TRY_ASSIGN(const ThingGroupName root, co_await root_of(store, group));
  for (const GroupMembership& membership : present) {
    CO_TRY_ASSIGN(const ThingGroupName other, co_await root_of(store, membership.group));
    if (other != root) continue;
    co_return refuse(
        Exception::invalid_request,
        fmt::format("the thing is in group {} of the same hierarchy ({}); remove it there first",
                    quote(membership.group.str()), root.str()));
  }
  co_return Result<void>();
}

Answer add_thing_to_group(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const Membership wanted, co_await read_membership(call, store));
  CO_TRY_ASSIGN(std::vector<GroupMembership> present,
                co_await registry::list_all<GroupMembership>(
                    store, registry::query::GroupsOfThing{wanted.thing}));
  if (std::ranges::find(present, wanted.group, &GroupMembership::group) != present.end())
    co_return json::object();
  CO_TRY(co_await check_room(store, wanted.group, std::move(present)));
  registry::ChangeSet changes = membership_change(call, wanted);
  changes.add(registry::create(GroupMembership{wanted.thing, wanted.group, call.now()}));
  changes.add(registry::exists(registry::thing_key(wanted.thing)));
  changes.add(registry::exists(registry::thing_group_key(wanted.group)));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

/// A list of group names. Bounded, because each name costs a look-up.
Result<std::vector<ThingGroupName>> read_groups(const Call& call, std::string_view member) {
  const json::array list = call.in.list(member);
  if (list.size() > kMaxGroupsInRequest) {
    return refuse_value(
        member, std::to_string(list.size()),
        fmt::format("Member must have length less than or equal to {}", kMaxGroupsInRequest));
  }
  std::vector<ThingGroupName> names;
  for (const json::value& element : list) {
    InputInfo row = members::thing_group_name(Location::body, true, member);
    TRY(check_value(row, element));
    TRY_ASSIGN(ThingGroupName name, ThingGroupName::parse(element.as_string()));
    names.push_back(std::move(name));
  }
  return names;
}

/// Leaves groups before it joins others, so that a thing can move within a hierarchy and at its
/// limit.
Answer update_groups_of_thing(Call call, registry::Store& store) {
  const auto name = call.in.optional_name<ThingName>("thingName");
  if (!name) co_return refuse_value("thingName", "null", "Member must not be null");
  CO_TRY_ASSIGN(const std::vector<ThingGroupName> joins, read_groups(call, "thingGroupsToAdd"));
  CO_TRY_ASSIGN(const std::vector<ThingGroupName> leaves, read_groups(call, "thingGroupsToRemove"));
  CO_TRY(co_await get_thing_record(store, *name));
  CO_TRY_ASSIGN(
      std::vector<GroupMembership> present,
      co_await registry::list_all<GroupMembership>(store, registry::query::GroupsOfThing{*name}));
  json::array joined;
  json::array left;
  registry::ChangeSet changes;
  for (const ThingGroupName& group : leaves) {
    CO_TRY(co_await get_static_group(store, group, "thingGroupsToRemove"));
    if (std::erase_if(present, [&](const auto& m) { return m.group == group; }) == 0) continue;
    changes.add(
        registry::Erase{registry::membership_key(*name, group), registry::Expect::present()});
    left.emplace_back(group.str());
  }
  for (const ThingGroupName& group : joins) {
    CO_TRY(co_await get_static_group(store, group, "thingGroupsToAdd"));
    if (std::ranges::find(leaves, group) != leaves.end()) {
      co_return refuse(
          Exception::invalid_request,
          fmt::format("thing group {} is both to be added and to be removed; name it once",
                      quote(group.str())));
    }
    if (std::ranges::find(present, group, &GroupMembership::group) != present.end()) continue;
    CO_TRY(co_await check_room(store, group, present));
    present.push_back({*name, group, call.now()});
    changes.add(registry::create(present.back()));
    changes.add(registry::exists(registry::thing_group_key(group)));
    joined.emplace_back(group.str());
  }
  if (joined.empty() && left.empty()) co_return json::object();
  changes.add(registry::exists(registry::thing_key(*name)));
  registry::AuditEvent event = call.event({{"joined", joined}, {"left", left}});
  event.thing = name->str();
  changes.events.push_back(std::move(event));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer remove_thing_from_group(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const Membership wanted, co_await read_membership(call, store));
  const auto key = registry::membership_key(wanted.thing, wanted.group);
  CO_TRY_ASSIGN(const std::optional<GroupMembership> present, co_await registry::find(store, key));
  if (!present) co_return json::object();
  registry::ChangeSet changes = membership_change(call, wanted);
  changes.add(registry::Erase{key, registry::Expect::present()});
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

/// The position at which a list over several groups continues: the group and the store's cursor
/// within it, joined by a line feed, which no name contains.
struct Place {
  std::string group;
  std::string after;
};

Place place_of(const std::string& text) {
  const auto end = text.find('\n');
  if (end == std::string::npos) return {};
  return {text.substr(0, end), text.substr(end + 1)};
}

/// A dynamic group has no memberships: it contains what its query finds.
Answer list_found_things(Call call, registry::Store& store, std::string query) {
  CO_TRY_ASSIGN(search::Query parsed, search::Query::parse(query));
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const FoundThings found,
                co_await find_things(call, store, std::move(parsed), cursor.limit));
  json::array things;
  for (const registry::Record& record : found.records) {
    if (const auto* thing = std::get_if<registry::Thing>(&record))
      things.emplace_back(thing->name.str());
  }
  json::object answer{{"things", std::move(things)}};
  put_next(answer, call, kTokenStyle, found.next);
  co_return answer;
}

Answer list_things_in_group(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(
      const registry::ThingGroup root,
      co_await get_thing_group_record(store, call.in.name<ThingGroupName>("thingGroupName")));
  if (root.is_dynamic()) co_return co_await list_found_things(call, store, root.query);
  std::vector<ThingGroupName> groups{root.name};
  if (call.in.flag("recursive")) {
    CO_TRY_ASSIGN(groups, co_await subtree_of(store, root.name));
  }
  CO_TRY_ASSIGN(registry::Cursor cursor, cursor_of(call, kTokenStyle));
  const Place place = place_of(cursor.after);
  json::array things;
  std::optional<std::string> next;
  for (const ThingGroupName& group : groups) {
    if (group.str() < place.group) continue;
    if (things.size() == cursor.limit) {
      next = group.str() + "\n";
      break;
    }
    const registry::Cursor here{group.str() == place.group ? place.after : "",
                                cursor.limit - things.size()};
    CO_TRY_ASSIGN(const registry::Page page,
                  co_await store.list(registry::query::ThingsInGroup{group}, here));
    for (const registry::Record& record : page.records)
      things.emplace_back(std::get<GroupMembership>(record).thing.str());
    if (page.next) {
      next = group.str() + "\n" + *page.next;
      break;
    }
  }
  json::object answer{{"things", std::move(things)}};
  put_next(answer, call, kTokenStyle, next);
  co_return answer;
}

Answer list_groups_for_thing(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const registry::Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  co_return co_await list_page<GroupMembership>(
      std::move(call), store, registry::query::GroupsOfThing{thing.name}, kTokenStyle,
      "thingGroups", [](const Call& c, const GroupMembership& membership) {
        return write_group_name(c, membership.group);
      });
}

using enum Exception;

constexpr InputInfo kRemove[] = {
    members::thing_group_name(Location::body, false), members::optional_arn("thingGroupArn"),
    members::thing_name(Location::body, false), members::optional_arn("thingArn")};
constexpr InputInfo kAdd[] = {kRemove[0], kRemove[1], kRemove[2], kRemove[3],
                              members::flag("overrideDynamicGroups", Location::body)};
constexpr InputInfo kUpdateGroups[] = {members::thing_name(Location::body, false),
                                       {.name = "thingGroupsToAdd", .type = Type::list},
                                       {.name = "thingGroupsToRemove", .type = Type::list},
                                       members::flag("overrideDynamicGroups", Location::body)};
constexpr InputInfo kThingsIn[] = {members::thing_group_name(),
                                   members::flag("recursive", Location::query), members::kNextToken,
                                   members::kMaxResults};
constexpr InputInfo kGroupsFor[] = {members::thing_name(), members::kNextToken,
                                    members::kMaxResults};
constexpr ExceptionSet kErrors{invalid_request, throttling, internal_failure, not_found};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"AddThingToThingGroup", "PUT", "/thing-groups/addThingToThingGroup", kAdd, kErrors,
     add_thing_to_group, "thing/{thingName|thingArn} thinggroup/{thingGroupName|thingGroupArn}"},
    {"RemoveThingFromThingGroup", "PUT", "/thing-groups/removeThingFromThingGroup", kRemove,
     kErrors, remove_thing_from_group,
     "thing/{thingName|thingArn} thinggroup/{thingGroupName|thingGroupArn}"},
    {"UpdateThingGroupsForThing", "PUT", "/thing-groups/updateThingGroupsForThing", kUpdateGroups,
     kErrors, update_groups_of_thing,
     "thing/{thingName} thinggroup/{thingGroupsToAdd|thingGroupsToRemove}"},
    {"ListThingsInThingGroup", "GET", "/thing-groups/{thingGroupName}/things", kThingsIn, kErrors,
     list_things_in_group, "thinggroup/{thingGroupName}"},
    {"ListThingGroupsForThing", "GET", "/things/{thingName}/thing-groups", kGroupsFor, kErrors,
     list_groups_for_thing, "thing/{thingName}"},
};

}  // namespace

Operations group_membership_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::control_api
