// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "control_api/attribute_payload.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/thing_records.h"
#include "rest/authorization.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct ThingNeeds {
  registry::Store& store;
  Random& random;
};

using registry::Thing;
using registry::ThingType;

Result<void> check_billing_group(const Call& call) {
  const auto group = call.in.optional_name<BillingGroupName>("billingGroupName");
  if (!group) return {};
  return refuse(Exception::not_found,
                fmt::format("Billing group {} not found; billing groups are not available in this "
                            "version of Imprint",
                            quote(group->str())));
}

Result<AttributePayload> attribute_payload(const Call& call) {
  return read_attribute_payload(call.in.object("attributePayload"), "attributePayload");
}

std::size_t most_attributes(const Thing& thing) {
  return thing.type ? kMaxAttributes : kMaxAttributesWithoutType;
}

/// A type that a thing may be given now. The message is AWS's, misspelling included: scripts look
/// for it.
runtime::Task<Result<ThingType>> usable_type(registry::Store& store, ThingTypeName name) {
  CO_TRY_ASSIGN(ThingType type, co_await get_thing_type_record(store, name));
  if (type.deprecated) {
    co_return refuse(
        Exception::invalid_request,
        fmt::format("Can not create new thing with depreated thing type:{}", name.str()));
  }
  co_return type;
}

json::object write_created(const Call& call, const Thing& thing) {
  return {{"thingName", thing.name.str()},
          {"thingArn", thing_arn(call, thing.name)},
          {"thingId", thing.id}};
}

/// Creating the same thing again succeeds, creating another one under its name does not.
Result<json::object> answer_existing(const Call& call, const Thing& existing, const Thing& wanted) {
  if (existing.type == wanted.type && existing.attributes == wanted.attributes)
    return write_created(call, existing);
  return refuse(
      Exception::already_exists,
      fmt::format("Thing {} already exists in account with different {}", wanted.name.str(),
                  existing.type == wanted.type ? "attributes" : "thing type"),
      thing_arn(call, wanted.name));
}

Answer create_thing(Call call, ThingNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY(check_billing_group(call));
  CO_TRY_ASSIGN(const AttributePayload payload, attribute_payload(call));
  Thing thing{.name = call.in.name<ThingName>("thingName"),
              .id = make_uuid(needs.random),
              .type = call.in.optional_name<ThingTypeName>("thingTypeName"),
              .attributes = apply_payload({}, payload),
              .created = call.now()};
  CO_TRY(check_attribute_limits(thing.attributes, most_attributes(thing)));
  // Policies read attributes and type. A caller who may not set them later may not set them now,
  // and the thing is reserved, so that a template may still set them.
  thing.is_reserved = !may_also(call, "iot:UpdateThing", "thing/" + thing.name.str());
  if (thing.is_reserved && (thing.type || !thing.attributes.empty())) {
    co_return refuse(
        Exception::access_denied,
        fmt::format("attributes and type decide what a device may do: who creates thing {} with "
                    "them needs iot:UpdateThing as well; create it without them, and its template "
                    "sets them",
                    quote(thing.name.str())));
  }
  CO_TRY_ASSIGN(const std::optional<Thing> existing,
                co_await registry::find(store, registry::thing_key(thing.name)));
  if (existing) co_return answer_existing(call, *existing, thing);
  registry::AuditEvent event = call.event();
  event.thing = thing.name.str();
  registry::ChangeSet changes = change_set(std::move(event));
  if (thing.type) {
    CO_TRY_ASSIGN(const ThingType type, co_await usable_type(store, *thing.type));
    changes.add(registry::as_read(type));
  }
  changes.add(registry::create(thing));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return write_created(call, thing);
}

Answer describe_thing(Call call, ThingNeeds needs) {
  CO_TRY_ASSIGN(const Thing thing,
                co_await get_thing_record(needs.store, call.in.name<ThingName>("thingName")));
  json::object answer = write_created(call, thing);
  answer["defaultClientId"] = thing.name.str();
  answer["attributes"] = write_attributes(thing.attributes);
  answer["version"] = thing.version;
  if (thing.type) answer["thingTypeName"] = thing.type->str();
  co_return answer;
}

Answer update_thing(Call call, ThingNeeds needs) {
  registry::Store& store = needs.store;
  const auto wanted_type = call.in.optional_name<ThingTypeName>("thingTypeName");
  const bool removes_type = call.in.flag("removeThingType");
  if (wanted_type && removes_type) {
    co_return refuse(Exception::invalid_request,
                     "thingTypeName and removeThingType contradict each other; give one");
  }
  CO_TRY_ASSIGN(const AttributePayload payload, attribute_payload(call));
  CO_TRY_ASSIGN(const Thing before,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  CO_TRY(check_expected_version(call, "thing", before.name.str(), before.version));
  Thing thing = before;
  registry::ChangeSet changes;
  if (removes_type) thing.type.reset();
  if (wanted_type && wanted_type != before.type) {
    CO_TRY_ASSIGN(const ThingType type, co_await usable_type(store, *wanted_type));
    changes.add(registry::as_read(type));
    thing.type = wanted_type;
  }
  if (call.in.has("attributePayload")) thing.attributes = apply_payload(before.attributes, payload);
  CO_TRY(check_attribute_limits(thing.attributes, most_attributes(thing)));
  thing.is_reserved = false;  // the caller has iot:UpdateThing
  if (thing.type == before.type && thing.attributes == before.attributes && !before.is_reserved)
    co_return json::object();
  changes.add(registry::update(thing));
  registry::AuditEvent event = call.event({{"thing_version", thing.version}});
  event.thing = thing.name.str();
  changes.events.push_back(std::move(event));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer delete_thing(Call call, ThingNeeds needs) {
  registry::Store& store = needs.store;
  const auto name = call.in.name<ThingName>("thingName");
  CO_TRY_ASSIGN(const std::optional<Thing> thing,
                co_await registry::find(store, registry::thing_key(name)));
  if (!thing) co_return json::object();
  CO_TRY(check_expected_version(call, "thing", name.str(), thing->version));
  const registry::query::PrincipalsOfThing principals{name};
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> attached,
                co_await registry::list_first<registry::ThingPrincipal>(store, principals, 1));
  if (!attached.empty()) {
    co_return refuse(
        Exception::invalid_request,
        fmt::format("Cannot delete. Thing {} is still attached to one or more principals, {} among "
                    "them; detach it first",
                    name.str(), call.arn("cert/" + attached.front().certificate.hex())));
  }
  const registry::query::GroupsOfThing groups{name};
  CO_TRY_ASSIGN(const std::vector<registry::GroupMembership> memberships,
                co_await registry::list_all<registry::GroupMembership>(store, groups));
  registry::AuditEvent event = call.event();
  event.thing = name.str();
  registry::ChangeSet changes = change_set(std::move(event));
  for (const registry::GroupMembership& membership : memberships)
    changes.add(registry::Erase{registry::key_of(membership)});
  changes.add(registry::erase(*thing));
  CO_TRY(co_await commit(store, std::move(changes)));
  CO_TRY(co_await erase_strays(store, principals, registry::thing_key(name), call.event()));
  CO_TRY(co_await erase_strays(store, groups, registry::thing_key(name), call.event()));
  co_return json::object();
}

json::object write_thing(const Call& call, const Thing& thing) {
  json::object out{{"thingName", thing.name.str()},
                   {"thingArn", thing_arn(call, thing.name)},
                   {"attributes", write_attributes(thing.attributes)},
                   {"version", thing.version}};
  if (thing.type) out["thingTypeName"] = thing.type->str();
  return out;
}

Answer list_things(Call call, ThingNeeds needs) {
  registry::query::Things query{
      .type = call.in.optional_name<ThingTypeName>("thingTypeName"),
      .value_is_prefix = call.in.flag("usePrefixAttributeValue"),
  };
  if (call.in.has("attributeName")) query.attribute_name = call.in.text("attributeName");
  if (call.in.has("attributeValue")) query.attribute_value = call.in.text("attributeValue");
  if (query.attribute_value && !query.attribute_name) {
    co_return refuse(Exception::invalid_request,
                     "attributeValue is given without attributeName; name the attribute too");
  }
  co_return co_await list_page<Thing>(std::move(call), needs.store, query, kTokenStyle, "things",
                                      write_thing);
}

using enum Exception;

constexpr InputInfo kBillingGroup = members::name_input<name_rules::BillingGroup>(
    "billingGroupName", "[a-zA-Z0-9:_-]+", Location::body, false);
constexpr InputInfo kAttributeName = members::name_input<name_rules::AttributeName>(
    "attributeName", "[a-zA-Z0-9_.,@/:#-]+", Location::query, false);
constexpr InputInfo kAttributeValue{.name = "attributeValue", .in = Location::query, .most = 800};
constexpr InputInfo kCreate[] = {members::thing_name(),
                                 members::thing_type_name(Location::body, false),
                                 members::object("attributePayload"), kBillingGroup};
constexpr InputInfo kOne[] = {members::thing_name()};
constexpr InputInfo kUpdate[] = {
    members::thing_name(), members::thing_type_name(Location::body, false),
    members::object("attributePayload"), members::expected_version(Location::body),
    members::flag("removeThingType", Location::body)};
constexpr InputInfo kDelete[] = {members::thing_name(), members::expected_version(Location::query)};
constexpr InputInfo kList[] = {members::kNextToken,
                               members::kMaxResults,
                               kAttributeName,
                               kAttributeValue,
                               members::thing_type_name(Location::query, false),
                               members::flag("usePrefixAttributeValue", Location::query)};

constexpr rest::Row<ThingNeeds> kOperations[] = {
    {"CreateThing",
     "POST",
     "/things/{thingName}",
     kCreate,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure,
      already_exists, not_found},
     create_thing,
     "thing/{thingName}"},
    {"DescribeThing",
     "GET",
     "/things/{thingName}",
     kOne,
     {not_found, invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     describe_thing,
     "thing/{thingName}"},
    {"UpdateThing",
     "PATCH",
     "/things/{thingName}",
     kUpdate,
     {invalid_request, version_conflict, throttling, unauthorized, service_unavailable,
      internal_failure, not_found},
     update_thing,
     "thing/{thingName}"},
    {"DeleteThing",
     "DELETE",
     "/things/{thingName}",
     kDelete,
     {not_found, version_conflict, invalid_request, throttling, unauthorized, service_unavailable,
      internal_failure},
     delete_thing,
     "thing/{thingName}"},
    {"ListThings",
     "GET",
     "/things",
     kList,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_things},
};

}  // namespace

Operations thing_operations(registry::Store& store, Random& random) {
  return rest::bind(kOperations, ThingNeeds{store, random});
}

}  // namespace imprint::control_api
