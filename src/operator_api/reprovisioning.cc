// SPDX-License-Identifier: Apache-2.0
// Imprint's own: an operator permits one thing to be registered again with another key.
#include "control_api/thing_records.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

namespace {

using control_api::get_thing_record;
using registry::Thing;

constexpr Seconds kDefaultPermission = std::chrono::hours(24);
constexpr Seconds kLongestPermission = std::chrono::hours(24 * 90);

json::object write_permission(const Thing& thing) {
  json::object out{{"thingName", thing.name.str()}};
  if (thing.reprovision_until) out["expiration"] = epoch_seconds(*thing.reprovision_until);
  return out;
}

Answer store_permission(Call call, registry::Store& store, Thing thing) {
  json::object detail;
  if (thing.reprovision_until) detail["until"] = epoch_seconds(*thing.reprovision_until);
  registry::AuditEvent event = call.event(std::move(detail));
  event.thing = thing.name.str();
  registry::ChangeSet changes = change_set(std::move(event));
  changes.add(registry::update(thing));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return write_permission(thing);
}

Answer allow_reprovisioning(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  thing.reprovision_until =
      call.now() + Seconds(call.in.integer("validForSeconds").value_or(kDefaultPermission.count()));
  co_return co_await store_permission(std::move(call), store, std::move(thing));
}

Answer withdraw_reprovisioning(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  if (!thing.reprovision_until) co_return write_permission(thing);
  thing.reprovision_until.reset();
  co_return co_await store_permission(std::move(call), store, std::move(thing));
}

using enum Exception;

constexpr InputInfo kThing[] = {members::thing_name()};
constexpr InputInfo kAllow[] = {members::thing_name(),
                                {.name = "validForSeconds",
                                 .type = Type::integer,
                                 .least = 60,
                                 .most = kLongestPermission.count()}};
constexpr ExceptionSet kErrors{invalid_request, not_found,          throttling,
                               unauthorized,    conflicting_update, service_unavailable,
                               internal_failure};
constexpr std::string_view kPath = "/imprint/v1/things/{thingName}/reprovisioning";

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"AllowReprovisioning", "PUT", kPath, kAllow, kErrors, allow_reprovisioning,
     "thing/{thingName}"},
    {"WithdrawReprovisioning", "DELETE", kPath, kThing, kErrors, withdraw_reprovisioning,
     "thing/{thingName}"},
};

}  // namespace

Operations reprovisioning_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::operator_api
