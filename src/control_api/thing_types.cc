// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/tags.h"
#include "control_api/thing_records.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct TypeNeeds {
  registry::Store& store;
  Random& random;
};

using registry::ThingType;

constexpr std::size_t kMaxSearchableAttributes = 3;

/// Searchable attributes are a set: their order does not count.
bool is_same_set(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

Result<std::vector<std::string>> read_searchable(const json::object& properties) {
  constexpr std::string_view kPlace = "thingTypeProperties.searchableAttributes";
  const json::value* value = properties.if_contains("searchableAttributes");
  if (value == nullptr || value->is_null()) return std::vector<std::string>();
  if (!value->is_array())
    return refuse_value(kPlace, encoding::to_json(*value), "Member must be an array of names");
  if (value->get_array().size() > kMaxSearchableAttributes) {
    return refuse_value(
        kPlace, encoding::to_json(*value),
        fmt::format("Member must have length less than or equal to {}", kMaxSearchableAttributes));
  }
  std::vector<std::string> names;
  for (const json::value& element : value->get_array()) {
    if (!element.is_string())
      return refuse_value(kPlace, encoding::to_json(element), "Member must be text");
    auto name = AttributeName::parse(element.get_string());
    if (!name) return refuse_value(kPlace, element.get_string(), name.error().message);
    names.push_back(name->str());
  }
  return names;
}

Result<void> refuse_user_properties(const json::object& properties) {
  const json::value* value = properties.if_contains("mqtt5Configuration");
  if (value == nullptr || value->is_null()) return {};
  return refuse(Exception::invalid_request,
                "mqtt5Configuration is not available in this version of Imprint; leave it out",
                "thingTypeProperties.mqtt5Configuration");
}

json::object write_properties(const ThingType& type) {
  json::object out{{"searchableAttributes", json::array(type.searchable_attributes.begin(),
                                                        type.searchable_attributes.end())}};
  if (!type.description.empty()) out["thingTypeDescription"] = type.description;
  return out;
}

json::object write_metadata(const ThingType& type) {
  json::object out{{"deprecated", type.deprecated.has_value()},
                   {"creationDate", epoch_seconds(type.created)}};
  if (type.deprecated) out["deprecationDate"] = epoch_seconds(*type.deprecated);
  return out;
}

json::object write_created(const Call& call, const ThingType& type) {
  return {{"thingTypeName", type.name.str()},
          {"thingTypeArn", thing_type_arn(call, type.name)},
          {"thingTypeId", type.id}};
}

Answer create_thing_type(Call call, TypeNeeds needs) {
  CO_TRY_ASSIGN(const Tags tags, read_tags(call));
  const json::object properties = call.in.object("thingTypeProperties");
  CO_TRY(refuse_user_properties(properties));
  CO_TRY_ASSIGN(std::string description,
                read_description(properties, "thingTypeProperties", "thingTypeDescription"));
  CO_TRY_ASSIGN(std::vector<std::string> searchable, read_searchable(properties));
  const ThingType type{.name = call.in.name<ThingTypeName>("thingTypeName"),
                       .id = make_uuid(needs.random),
                       .description = std::move(description),
                       .searchable_attributes = std::move(searchable),
                       .created = call.now()};
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const std::optional<ThingType> existing,
                co_await registry::find(store, registry::thing_type_key(type.name)));
  if (existing && existing->description == type.description &&
      is_same_set(existing->searchable_attributes, type.searchable_attributes)) {
    CO_TRY_ASSIGN(const bool differs,
                  co_await has_other_tags(store, registry::key_of(*existing), tags));
    if (!differs) co_return write_created(call, *existing);
  }
  if (existing) {
    co_return refuse(
        Exception::already_exists,
        fmt::format("Thing type {} already exists with different properties", type.name.str()),
        thing_type_arn(call, type.name));
  }
  registry::ChangeSet changes = change_set(call.event({{"thing_type", type.name.str()}}));
  changes.add(registry::create(type));
  put_tags(changes, registry::key_of(type), tags, type.created);
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return write_created(call, type);
}

Answer describe_thing_type(Call call, TypeNeeds needs) {
  CO_TRY_ASSIGN(
      const ThingType type,
      co_await get_thing_type_record(needs.store, call.in.name<ThingTypeName>("thingTypeName")));
  json::object answer = write_created(call, type);
  answer["thingTypeProperties"] = write_properties(type);
  answer["thingTypeMetadata"] = write_metadata(type);
  co_return answer;
}

json::object write_definition(const Call& call, const ThingType& type) {
  return {{"thingTypeName", type.name.str()},
          {"thingTypeArn", thing_type_arn(call, type.name)},
          {"thingTypeProperties", write_properties(type)},
          {"thingTypeMetadata", write_metadata(type)}};
}

Answer list_thing_types(Call call, TypeNeeds needs) {
  registry::Store& store = needs.store;
  if (const auto name = call.in.optional_name<ThingTypeName>("thingTypeName")) {
    CO_TRY(cursor_of(call, kTokenStyle));
    CO_TRY_ASSIGN(const std::optional<ThingType> type,
                  co_await registry::find(store, registry::thing_type_key(*name)));
    json::array found;
    if (type) found.emplace_back(write_definition(call, *type));
    co_return json::object{{"thingTypes", std::move(found)}};
  }
  co_return co_await list_page<ThingType>(std::move(call), store, registry::query::ThingTypes{},
                                          kTokenStyle, "thingTypes", write_definition);
}

/// Members that are left out stay as they are.
Answer update_thing_type(Call call, TypeNeeds needs) {
  registry::Store& store = needs.store;
  const json::object properties = call.in.object("thingTypeProperties");
  CO_TRY(refuse_user_properties(properties));
  CO_TRY_ASSIGN(std::string description,
                read_description(properties, "thingTypeProperties", "thingTypeDescription"));
  CO_TRY_ASSIGN(std::vector<std::string> searchable, read_searchable(properties));
  CO_TRY_ASSIGN(const ThingType before, co_await get_thing_type_record(
                                            store, call.in.name<ThingTypeName>("thingTypeName")));
  ThingType type = before;
  if (properties.contains("thingTypeDescription")) type.description = std::move(description);
  if (properties.contains("searchableAttributes"))
    type.searchable_attributes = std::move(searchable);
  if (type.description == before.description &&
      is_same_set(type.searchable_attributes, before.searchable_attributes)) {
    co_return json::object();
  }
  registry::ChangeSet changes = change_set(call.event({{"thing_type", type.name.str()}}));
  changes.add(registry::update(type));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer deprecate_thing_type(Call call, TypeNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(ThingType type, co_await get_thing_type_record(
                                    store, call.in.name<ThingTypeName>("thingTypeName")));
  const bool wanted = !call.in.flag("undoDeprecate");
  if (type.deprecated.has_value() == wanted) co_return json::object();
  type.deprecated = wanted ? std::optional(call.now()) : std::nullopt;
  registry::ChangeSet changes =
      change_set(call.event({{"thing_type", type.name.str()}, {"deprecated", wanted}}));
  changes.add(registry::update(type));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

/// AWS also requires five minutes between deprecation and deletion, which nothing here needs.
Answer delete_thing_type(Call call, TypeNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const ThingType type, co_await get_thing_type_record(
                                          store, call.in.name<ThingTypeName>("thingTypeName")));
  if (!type.deprecated) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("Cannot delete thing type {}: it is not deprecated; call "
                                 "DeprecateThingType first",
                                 type.name.str()));
  }
  CO_TRY_ASSIGN(const std::vector<registry::Thing> things,
                co_await registry::list_first<registry::Thing>(
                    store, registry::query::Things{.type = type.name}, 1));
  if (!things.empty()) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("Cannot delete thing type {}: it has associated things, {} among "
                                 "them",
                                 type.name.str(), things.front().name.str()));
  }
  registry::ChangeSet changes = change_set(call.event({{"thing_type", type.name.str()}}));
  changes.add(registry::erase(type));
  erase_tags(changes, registry::thing_type_key(type.name));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

using enum Exception;

constexpr InputInfo kCreate[] = {members::thing_type_name(), members::object("thingTypeProperties"),
                                 members::kTags};
constexpr InputInfo kOne[] = {members::thing_type_name()};
constexpr InputInfo kUpdate[] = {members::thing_type_name(),
                                 members::object("thingTypeProperties")};
constexpr InputInfo kList[] = {members::kNextToken, members::kMaxResults,
                               members::thing_type_name(Location::query, false)};
constexpr InputInfo kDeprecate[] = {members::thing_type_name(),
                                    members::flag("undoDeprecate", Location::body)};
constexpr ExceptionSet kErrors{not_found,    invalid_request,     throttling,
                               unauthorized, service_unavailable, internal_failure};

constexpr rest::Row<TypeNeeds> kOperations[] = {
    {"CreateThingType",
     "POST",
     "/thing-types/{thingTypeName}",
     kCreate,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure,
      already_exists},
     create_thing_type,
     "thingtype/{thingTypeName}"},
    {"DescribeThingType", "GET", "/thing-types/{thingTypeName}", kOne, kErrors, describe_thing_type,
     "thingtype/{thingTypeName}"},
    {"UpdateThingType", "PATCH", "/thing-types/{thingTypeName}", kUpdate, kErrors,
     update_thing_type, "thingtype/{thingTypeName}"},
    {"ListThingTypes",
     "GET",
     "/thing-types",
     kList,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_thing_types},
    {"DeprecateThingType", "POST", "/thing-types/{thingTypeName}/deprecate", kDeprecate, kErrors,
     deprecate_thing_type, "thingtype/{thingTypeName}"},
    {"DeleteThingType", "DELETE", "/thing-types/{thingTypeName}", kOne, kErrors, delete_thing_type,
     "thingtype/{thingTypeName}"},
};

}  // namespace

Operations thing_type_operations(registry::Store& store, Random& random) {
  return rest::bind(kOperations, TypeNeeds{store, random});
}

}  // namespace imprint::control_api
