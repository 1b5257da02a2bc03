// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "control_api/attribute_payload.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/searching.h"
#include "control_api/tags.h"
#include "control_api/thing_group_tree.h"
#include "control_api/thing_records.h"
#include "outcome/causes.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct GroupNeeds {
  registry::Store& store;
  Random& random;
};

using registry::ThingGroup;

constexpr std::string_view kProperties = "thingGroupProperties";

json::object write_created(const Call& call, const ThingGroup& group) {
  json::object out{{"thingGroupName", group.name.str()},
                   {"thingGroupArn", thing_group_arn(call, group.name)},
                   {"thingGroupId", group.id}};
  if (!group.is_dynamic()) return out;
  out["indexName"] = kThingIndex;
  out["queryString"] = group.query;
  out["queryVersion"] = kQueryVersion;
  return out;
}

/// Static and dynamic groups share names and records, but each kind has its own operations.
Result<void> check_kind(const ThingGroup& group, bool wants_dynamic) {
  if (group.is_dynamic() == wants_dynamic) return {};
  return refuse(Exception::invalid_request,
                fmt::format("Thing group {} is a {} one; use the operation for those",
                            quote(group.name.str()), wants_dynamic ? "static" : "dynamic"),
                "thingGroupName");
}

Result<AttributePayload> read_group_attributes(const json::object& properties) {
  constexpr std::string_view kPlace = "thingGroupProperties.attributePayload";
  const json::value* payload = properties.if_contains("attributePayload");
  if (payload == nullptr || payload->is_null()) return AttributePayload();
  if (!payload->is_object())
    return refuse(Exception::invalid_request, "must be an object", std::string(kPlace));
  return read_attribute_payload(payload->get_object(), kPlace);
}

/// The group that a CreateThingGroup call describes. Whether its parent permits it is checked
/// later.
Result<ThingGroup> wanted_group(const Call& call, GroupNeeds needs) {
  const json::object properties = call.in.object(kProperties);
  TRY_ASSIGN(std::string description,
             read_description(properties, kProperties, "thingGroupDescription"));
  TRY_ASSIGN(const AttributePayload payload, read_group_attributes(properties));
  ThingGroup group{.name = call.in.name<ThingGroupName>("thingGroupName"),
                   .id = make_uuid(needs.random),
                   .parent = call.in.optional_name<ThingGroupName>("parentGroupName"),
                   .description = std::move(description),
                   .attributes = apply_payload({}, payload),
                   .created = call.now(),
                   .query = call.in.text("queryString")};
  TRY(check_attribute_limits(group.attributes, kMaxAttributes));
  return group;
}

/// CreateThingGroup's model has no ResourceNotFoundException.
runtime::Task<Result<void>> check_parent(registry::Store& store, ThingGroupName name) {
  CO_TRY_ASSIGN(const std::optional<ThingGroup> parent,
                co_await registry::find(store, registry::thing_group_key(name)));
  if (!parent) {
    co_return refuse(
        Exception::invalid_request,
        fmt::format("Parent thing group {} does not exist; create it first", quote(name.str())),
        "parentGroupName");
  }
  if (parent->is_dynamic()) {
    co_return refuse(
        Exception::invalid_request,
        fmt::format("Parent thing group {} is dynamic, and so has no children", quote(name.str())),
        "parentGroupName");
  }
  CO_TRY_ASSIGN(const std::vector<ThingGroup> line, co_await ancestors_of(store, name));
  if (line.size() + 2 > kMaxGroupLevels) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("Parent thing group {} is {} levels deep; at most {} levels are "
                                 "allowed",
                                 quote(name.str()), line.size() + 1, kMaxGroupLevels),
                     "parentGroupName");
  }
  CO_TRY_ASSIGN(const std::vector<ThingGroup> children,
                co_await registry::list_first<ThingGroup>(
                    store, registry::query::ThingGroups{.parent = name}, kMaxGroupChildren));
  if (children.size() < kMaxGroupChildren) co_return Result<void>();
  co_return refuse(Exception::invalid_request,
                   fmt::format("Parent thing group {} already has {} children, the maximum",
                               quote(name.str()), kMaxGroupChildren),
                   "parentGroupName");
}

Answer create_thing_group(Call call, GroupNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const Tags tags, read_tags(call));
  CO_TRY_ASSIGN(const ThingGroup group, wanted_group(call, needs));
  CO_TRY_ASSIGN(const std::optional<ThingGroup> existing,
                co_await registry::find(store, registry::thing_group_key(group.name)));
  if (existing && existing->parent == group.parent && existing->description == group.description &&
      existing->attributes == group.attributes && existing->query == group.query) {
    CO_TRY_ASSIGN(const bool differs,
                  co_await has_other_tags(store, registry::key_of(*existing), tags));
    if (!differs) co_return write_created(call, *existing);
  }
  if (existing) {
    co_return refuse(
        Exception::already_exists,
        fmt::format("Thing group {} already exists with different properties", group.name.str()),
        thing_group_arn(call, group.name));
  }
  registry::ChangeSet changes = change_set(call.event({{"thing_group", group.name.str()}}));
  if (group.parent) {
    CO_TRY(co_await check_parent(store, *group.parent));
    changes.add(registry::exists(registry::thing_group_key(*group.parent)));
  }
  changes.add(registry::create(group));
  put_tags(changes, registry::key_of(group), tags, group.created);
  if (group.is_dynamic()) {
    changes.add(registry::Count{std::string(registry::kDynamicGroupsCounter), 1,
                                registry::kMaxDynamicGroups, "LimitReached"_cause});
  }
  const auto done = co_await commit(store, std::move(changes));
  if (!done && done.error().cause == "LimitReached"_cause) {
    co_return refuse(
        Exception::limit_exceeded,
        fmt::format("There are already {} dynamic thing groups, the maximum; delete one first",
                    registry::kMaxDynamicGroups));
  }
  CO_TRY(done);
  co_return write_created(call, group);
}

Answer create_dynamic_thing_group(Call call, GroupNeeds needs) {
  CO_TRY(check_index_members(call));
  CO_TRY(search::Query::parse(call.in.text("queryString")));
  CO_TRY_ASSIGN(const bool is_on, co_await is_indexing(needs.store));
  // The operation's model has no IndexNotReadyException, as SearchIndex's has.
  if (!is_on) co_return refuse(Exception::invalid_request, std::string(kIndexingIsOff));
  co_return co_await create_thing_group(std::move(call), needs);
}

Answer describe_thing_group(Call call, GroupNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const ThingGroup group, co_await get_thing_group_record(
                                            store, call.in.name<ThingGroupName>("thingGroupName")));
  json::object properties;  // an empty payload would be a change to Terraform
  if (!group.attributes.empty())
    properties["attributePayload"] =
        json::object{{"attributes", write_attributes(group.attributes)}};
  if (!group.description.empty()) properties["thingGroupDescription"] = group.description;
  json::object metadata{{"creationDate", epoch_seconds(group.created)}};
  if (group.parent) {
    CO_TRY_ASSIGN(const std::vector<ThingGroup> line, co_await ancestors_of(store, group.name));
    json::array from_root;
    for (auto it = line.rbegin(); it != line.rend(); ++it)
      from_root.emplace_back(write_group_name(call, it->name));
    metadata["parentGroupName"] = group.parent->str();
    metadata["rootToParentThingGroups"] = std::move(from_root);
  }
  json::object answer = write_created(call, group);
  if (group.is_dynamic()) answer["status"] = "ACTIVE";  // AWS: while the index is built, BUILDING
  answer["version"] = group.version;
  answer["thingGroupProperties"] = std::move(properties);
  answer["thingGroupMetadata"] = std::move(metadata);
  co_return answer;
}

Answer update_group(Call call, GroupNeeds needs, bool is_dynamic) {
  registry::Store& store = needs.store;
  const json::object properties = call.in.object(kProperties);
  CO_TRY_ASSIGN(std::string description,
                read_description(properties, kProperties, "thingGroupDescription"));
  CO_TRY_ASSIGN(const AttributePayload payload, read_group_attributes(properties));
  CO_TRY_ASSIGN(ThingGroup group, co_await get_thing_group_record(
                                      store, call.in.name<ThingGroupName>("thingGroupName")));
  CO_TRY(check_kind(group, is_dynamic));
  CO_TRY(check_expected_version(call, "thing group", group.name.str(), group.version));
  if (call.in.has("queryString")) group.query = call.in.text("queryString");
  if (properties.contains("thingGroupDescription")) group.description = std::move(description);
  if (properties.contains("attributePayload"))
    group.attributes = apply_payload(group.attributes, payload);
  CO_TRY(check_attribute_limits(group.attributes, kMaxAttributes));
  registry::ChangeSet changes;
  changes.add(registry::update(group));
  changes.events.push_back(
      call.event({{"thing_group", group.name.str()}, {"thing_group_version", group.version}}));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object{{"version", group.version}};
}

Answer update_thing_group(Call call, GroupNeeds needs) {
  return update_group(std::move(call), needs, false);
}

Answer update_dynamic_thing_group(Call call, GroupNeeds needs) {
  CO_TRY(check_index_members(call));
  if (call.in.has("queryString")) CO_TRY(search::Query::parse(call.in.text("queryString")));
  co_return co_await update_group(std::move(call), needs, true);
}

/// A group may have a million members: before the group is deleted, they are removed in steps, each
/// a change set of its own.
runtime::Task<Result<void>> empty_group(registry::Store& store, ThingGroupName name,
                                        registry::AuditEvent event) {
  constexpr std::size_t kStep = 500;
  while (true) {
    CO_TRY_ASSIGN(const std::vector<registry::GroupMembership> members,
                  co_await registry::list_first<registry::GroupMembership>(
                      store, registry::query::ThingsInGroup{name}, kStep));
    if (members.empty()) co_return Result<void>();
    event.detail = encoding::to_json(
        json::object{{"thing_group", name.str()}, {"members_removed", members.size()}});
    registry::ChangeSet changes = change_set(event);
    for (const registry::GroupMembership& membership : members)
      changes.add(registry::Erase{registry::key_of(membership)});
    CO_TRY(co_await commit(store, std::move(changes)));
  }
}

Answer delete_group(Call call, GroupNeeds needs, bool is_dynamic) {
  registry::Store& store = needs.store;
  const auto name = call.in.name<ThingGroupName>("thingGroupName");
  const auto key = registry::thing_group_key(name);
  CO_TRY_ASSIGN(const std::optional<ThingGroup> group, co_await registry::find(store, key));
  if (!group) co_return json::object();
  CO_TRY(check_kind(*group, is_dynamic));
  CO_TRY(check_expected_version(call, "thing group", name.str(), group->version));
  const registry::query::ThingGroups children{.parent = name};
  CO_TRY_ASSIGN(const std::vector<ThingGroup> first_child,
                co_await registry::list_first<ThingGroup>(store, children, 1));
  if (!first_child.empty()) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("Cannot delete thing group {}: it has child groups, {} among "
                                 "them; delete those first",
                                 name.str(), first_child.front().name.str()));
  }
  CO_TRY(co_await empty_group(store, name, call.event()));
  const registry::query::PoliciesOfTarget policies{registry::PolicyTarget(name)};
  CO_TRY_ASSIGN(const std::vector<registry::PolicyAttachment> attached,
                co_await registry::list_all<registry::PolicyAttachment>(store, policies));
  registry::ChangeSet changes = change_set(call.event({{"thing_group", name.str()}}));
  for (const registry::PolicyAttachment& attachment : attached)
    changes.add(registry::Erase{registry::key_of(attachment)});
  changes.add(registry::erase(*group));
  if (is_dynamic) changes.add(registry::Count{std::string(registry::kDynamicGroupsCounter), -1});
  erase_tags(changes, key);
  CO_TRY(co_await commit(store, std::move(changes)));
  CO_TRY(co_await erase_strays(store, policies, key, call.event()));
  CO_TRY(co_await erase_strays(store, registry::query::ThingsInGroup{name}, key, call.event()));
  co_return json::object();
}

Answer delete_thing_group(Call call, GroupNeeds needs) {
  return delete_group(std::move(call), needs, false);
}
Answer delete_dynamic_thing_group(Call call, GroupNeeds needs) {
  return delete_group(std::move(call), needs, true);
}

/// Whether the list shows a group: all of them, the roots, or those under a parent.
runtime::Task<Result<bool>> is_shown(registry::Store& store, ThingGroup group,
                                     std::optional<ThingGroupName> parent, bool recursive) {
  if (!parent) co_return recursive || !group.parent;
  CO_TRY_ASSIGN(const std::vector<ThingGroup> line, co_await ancestors_of(store, group.name));
  co_return std::ranges::find(line, *parent, &ThingGroup::name) != line.end();
}

/// The store lists the children of one group. Whole branches are picked out of the list of all
/// groups, so a page may hold fewer groups than asked for.
Answer list_thing_groups(Call call, GroupNeeds needs) {
  registry::Store& store = needs.store;
  const auto parent = call.in.optional_name<ThingGroupName>("parentGroup");
  const bool recursive = call.in.boolean("recursive").value_or(true);
  if (parent) CO_TRY(co_await get_thing_group_record(store, *parent));
  registry::query::ThingGroups query{.name_prefix = call.in.text("namePrefixFilter")};
  const bool wants_children = parent && !recursive;
  if (wants_children) query.parent = parent;
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const registry::Page page, co_await store.list(query, cursor));
  json::array groups;
  for (const registry::Record& record : page.records) {
    const auto& group = std::get<ThingGroup>(record);
    bool shown = wants_children;
    if (!wants_children) {
      CO_TRY_ASSIGN(shown, co_await is_shown(store, group, parent, recursive));
    }
    if (shown) groups.emplace_back(write_group_name(call, group.name));
  }
  json::object answer{{"thingGroups", std::move(groups)}};
  put_next(answer, call, kTokenStyle, page.next);
  co_return answer;
}

using enum Exception;

constexpr InputInfo kCreate[] = {
    members::thing_group_name(),
    members::thing_group_name(Location::body, false, "parentGroupName"),
    members::object("thingGroupProperties"), members::kTags};
constexpr InputInfo kOne[] = {members::thing_group_name()};
constexpr InputInfo kUpdate[] = {members::thing_group_name(),
                                 members::object("thingGroupProperties", true),
                                 members::expected_version(Location::body)};
constexpr InputInfo kDelete[] = {members::thing_group_name(),
                                 members::expected_version(Location::query)};
constexpr InputInfo kList[] = {
    members::kNextToken, members::kMaxResults,
    members::thing_group_name(Location::query, false, "parentGroup"),
    members::thing_group_name(Location::query, false, "namePrefixFilter"),
    members::flag("recursive", Location::query)};

constexpr InputInfo index_name() {
  return members::name_input<name_rules::Thing>("indexName", "[a-zA-Z0-9:_-]+", Location::body,
                                                false);
}
constexpr InputInfo query_string(bool required) {
  return {.name = "queryString", .required = required, .least = 1};
}
constexpr InputInfo kCreateDynamic[] = {members::thing_group_name(),
                                        members::object("thingGroupProperties"),
                                        index_name(),
                                        query_string(true),
                                        {.name = "queryVersion"},
                                        members::kTags};
constexpr InputInfo kUpdateDynamic[] = {members::thing_group_name(),
                                        members::object("thingGroupProperties", true),
                                        members::expected_version(Location::body),
                                        index_name(),
                                        query_string(false),
                                        {.name = "queryVersion"}};

constexpr rest::Row<GroupNeeds> kOperations[] = {
    {"CreateThingGroup",
     "POST",
     "/thing-groups/{thingGroupName}",
     kCreate,
     {invalid_request, already_exists, throttling, internal_failure},
     create_thing_group,
     "thinggroup/{thingGroupName}"},
    {"DescribeThingGroup",
     "GET",
     "/thing-groups/{thingGroupName}",
     kOne,
     {invalid_request, throttling, internal_failure, not_found},
     describe_thing_group,
     "thinggroup/{thingGroupName}"},
    {"UpdateThingGroup",
     "PATCH",
     "/thing-groups/{thingGroupName}",
     kUpdate,
     {invalid_request, version_conflict, throttling, internal_failure, not_found},
     update_thing_group,
     "thinggroup/{thingGroupName}"},
    {"DeleteThingGroup",
     "DELETE",
     "/thing-groups/{thingGroupName}",
     kDelete,
     {invalid_request, version_conflict, throttling, internal_failure},
     delete_thing_group,
     "thinggroup/{thingGroupName}"},
    {"ListThingGroups",
     "GET",
     "/thing-groups",
     kList,
     {invalid_request, internal_failure, not_found, throttling},
     list_thing_groups},
    {"CreateDynamicThingGroup",
     "POST",
     "/dynamic-thing-groups/{thingGroupName}",
     kCreateDynamic,
     {invalid_request, already_exists, not_found, throttling, internal_failure, invalid_query,
      limit_exceeded},
     create_dynamic_thing_group,
     "thinggroup/{thingGroupName}"},
    {"UpdateDynamicThingGroup",
     "PATCH",
     "/dynamic-thing-groups/{thingGroupName}",
     kUpdateDynamic,
     {invalid_request, version_conflict, throttling, internal_failure, not_found, invalid_query},
     update_dynamic_thing_group,
     "thinggroup/{thingGroupName}"},
    {"DeleteDynamicThingGroup",
     "DELETE",
     "/dynamic-thing-groups/{thingGroupName}",
     kDelete,
     {invalid_request, version_conflict, throttling, internal_failure},
     delete_dynamic_thing_group,
     "thinggroup/{thingGroupName}"},
};

}  // namespace

Operations thing_group_operations(registry::Store& store, Random& random) {
  return rest::bind(kOperations, GroupNeeds{store, random});
}

}  // namespace imprint::control_api
