// SPDX-License-Identifier: Apache-2.0
#include "control_api/attribute_payload.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/searching.h"
#include "control_api/thing_records.h"

namespace imprint::control_api {

namespace {

using registry::IndexingConfiguration;
using registry::Thing;

/// AWS IoT API, SearchIndex: the most in a page, though 500 may be asked for.
constexpr std::int64_t kMaxFound = 100;

json::object write_document(const Thing& thing) {
  json::object out{{"thingName", thing.name.str()},
                   {"thingId", thing.id},
                   {"thingGroupNames", json::array()},
                   {"attributes", write_attributes(thing.attributes)}};
  if (thing.type) out["thingTypeName"] = thing.type->str();
  return out;
}

/// Each thing with its groups: the memberships that follow it.
json::array write_found(const std::vector<registry::Record>& records) {
  json::array things;
  for (const registry::Record& record : records) {
    if (const auto* thing = std::get_if<Thing>(&record)) {
      things.emplace_back(write_document(*thing));
    } else {
      const auto& membership = std::get<registry::GroupMembership>(record);
      things.back().as_object()["thingGroupNames"].as_array().emplace_back(membership.group.str());
    }
  }
  return things;
}

Answer search_index(Call call, registry::Store& store) {
  CO_TRY(check_index_members(call));
  CO_TRY_ASSIGN(const bool is_on, co_await is_indexing(store));
  if (!is_on) co_return refuse(Exception::index_not_ready, std::string(kIndexingIsOff));
  CO_TRY_ASSIGN(search::Query query, search::Query::parse(call.in.text("queryString")));
  const std::int64_t limit = std::min(call.in.integer("maxResults").value_or(kMaxFound), kMaxFound);
  CO_TRY_ASSIGN(const FoundThings found, co_await find_things(call, store, std::move(query),
                                                              static_cast<std::size_t>(limit)));
  json::object answer{{"things", write_found(found.records)}};
  put_next(answer, call, kTokenStyle, found.next);
  co_return answer;
}

Answer describe_index(Call call, registry::Store& store) {
  const std::string name = call.in.text("indexName");
  CO_TRY_ASSIGN(const bool is_on, co_await is_indexing(store));
  if (name != kThingIndex || !is_on) co_return refuse_index(name);
  co_return json::object{
      {"indexName", kThingIndex}, {"indexStatus", "ACTIVE"}, {"schema", "REGISTRY"}};
}

Answer list_indices(Call call, registry::Store& store) {
  CO_TRY(cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const bool is_on, co_await is_indexing(store));
  json::array names;
  if (is_on) names.emplace_back(kThingIndex);
  co_return json::object{{"indexNames", std::move(names)}};
}

Answer get_indexing_configuration(Call, registry::Store& store) {
  CO_TRY_ASSIGN(const bool is_on, co_await is_indexing(store));
  json::array fields;
  for (const std::string_view field :
       {search::kThingName, search::kThingId, search::kThingTypeName, search::kThingGroupNames}) {
    fields.emplace_back(json::object{{"name", field}, {"type", "String"}});
  }
  json::object things{{"thingIndexingMode", is_on ? "REGISTRY" : "OFF"},
                      {"thingConnectivityIndexingMode", "OFF"},
                      {"deviceDefenderIndexingMode", "OFF"},
                      {"namedShadowIndexingMode", "OFF"}};
  if (is_on) things["managedFields"] = std::move(fields);
  co_return json::object{
      {"thingIndexingConfiguration", std::move(things)},
      {"thingGroupIndexingConfiguration", json::object{{"thingGroupIndexingMode", "OFF"}}}};
}

/// The mode of one of the two configurations. Everything else in it must be off.
Result<std::string> read_mode(const json::object& configuration, std::string_view owner,
                              std::string_view mode_member) {
  std::string mode;
  for (const auto& [member, value] : configuration) {
    const std::string_view name(member);
    const std::string place = fmt::format("{}.{}", owner, name);
    const bool is_list = value.is_array() && value.get_array().empty();
    const bool is_object = value.is_object() && value.get_object().empty();
    // The server decides which fields are managed; clients send back what they have read.
    if (name == "managedFields" || value.is_null() || is_list || is_object) continue;
    const std::string text = value.is_string() ? std::string(value.get_string()) : "";
    if (name == mode_member) {
      mode = text;
    } else if (text != "OFF") {
      return refuse_value(place, encoding::to_json(value),
                          "Member is not available in this version of Imprint; leave it out");
    }
  }
  if (!mode.empty()) return mode;
  return refuse_value(fmt::format("{}.{}", owner, mode_member), "null", "Member must not be null");
}

Answer update_indexing_configuration(Call call, registry::Store& store) {
  constexpr std::string_view kThingConfiguration = "thingIndexingConfiguration";
  constexpr std::string_view kGroupConfiguration = "thingGroupIndexingConfiguration";
  constexpr std::string_view kThingMode = "thingIndexingMode";
  constexpr std::string_view kGroupMode = "thingGroupIndexingMode";
  if (call.in.has(kGroupConfiguration)) {
    CO_TRY_ASSIGN(const std::string mode,
                  read_mode(call.in.object(kGroupConfiguration), kGroupConfiguration, kGroupMode));
    if (mode != "OFF")
      co_return refuse_value(kGroupMode, mode, "Member must be OFF: thing groups are not indexed");
  }
  if (!call.in.has(kThingConfiguration)) co_return json::object();
  CO_TRY_ASSIGN(const std::string mode,
                read_mode(call.in.object(kThingConfiguration), kThingConfiguration, kThingMode));
  if (mode != "REGISTRY" && mode != "OFF")
    co_return refuse_value(kThingMode, mode,
                           "Member must be REGISTRY or OFF: there are no shadows");
  CO_TRY_ASSIGN(const std::optional<IndexingConfiguration> before,
                co_await registry::find(store, registry::indexing_configuration_key()));
  IndexingConfiguration configuration = before.value_or(IndexingConfiguration{.version = 0});
  const bool wants_index = mode == "REGISTRY";
  if (configuration.things == wants_index) co_return json::object();
  configuration.things = wants_index;
  registry::ChangeSet changes = change_set(call.event({{"thing_indexing_mode", mode}}));
  changes.add(registry::update(configuration, call.now()));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

using enum Exception;

constexpr InputInfo index_name(Location in, bool required) {
  return members::name_input<name_rules::Thing>("indexName", "[a-zA-Z0-9:_-]+", in, required);
}
constexpr InputInfo kSearch[] = {
    index_name(Location::body, false),
    {.name = "queryString", .required = true, .least = 1},
    {.name = "nextToken"},
    {.name = "maxResults", .type = Type::integer, .least = 1, .most = 500},
    {.name = "queryVersion"}};
constexpr InputInfo kOne[] = {index_name(Location::path, true)};
constexpr InputInfo kList[] = {
    members::kNextToken,
    {.name = "maxResults", .in = Location::query, .type = Type::integer, .least = 1, .most = 500}};
constexpr InputInfo kUpdate[] = {members::object("thingIndexingConfiguration"),
                                 members::object("thingGroupIndexingConfiguration")};
constexpr ExceptionSet kErrors{invalid_request, throttling, unauthorized, service_unavailable,
                               internal_failure};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"SearchIndex",
     "POST",
     "/indices/search",
     kSearch,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure, not_found,
      invalid_query, index_not_ready},
     search_index,
     "index/{indexName}"},
    {"DescribeIndex",
     "GET",
     "/indices/{indexName}",
     kOne,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure, not_found},
     describe_index,
     "index/{indexName}"},
    {"ListIndices", "GET", "/indices", kList, kErrors, list_indices},
    {"GetIndexingConfiguration",
     "GET",
     "/indexing/config",
     {},
     kErrors,
     get_indexing_configuration},
    {"UpdateIndexingConfiguration", "POST", "/indexing/config", kUpdate, kErrors,
     update_indexing_configuration},
};

}  // namespace

Operations index_operations(registry::Store& store) { return rest::bind(kOperations, store); }

}  // namespace imprint::control_api
