// SPDX-License-Identifier: Apache-2.0
// Imprint's own: whether a device is connected.
#include "identity/connections.h"

#include "control_api/thing_records.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct ConnectionNeeds {
  registry::Store& store;
  const identity::Connections& connections;
};

using control_api::get_thing_record;

Answer describe_connection(Call call, ConnectionNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const registry::Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> principals,
                co_await registry::list_all<registry::ThingPrincipal>(
                    store, registry::query::PrincipalsOfThing{thing.name}));
  std::optional<identity::LiveConnection> newest;
  std::string certificate;
  for (const registry::ThingPrincipal& principal : principals) {
    auto one = needs.connections.newest_of(principal.certificate);
    if (!one || (newest && one->since <= newest->since)) continue;
    certificate = principal.certificate.hex();
    newest = std::move(one);
  }
  if (!newest) co_return json::object{{"connected", false}};
  co_return json::object{{"connected", true},
                         {"clientId", newest->client_id},
                         {"since", epoch_seconds(newest->since)},
                         {"address", newest->address},
                         {"certificateId", certificate}};
}

using enum Exception;

constexpr InputInfo kThing[] = {members::thing_name()};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, internal_failure};

constexpr rest::Row<ConnectionNeeds> kOperations[] = {
    {"DescribeConnection", "GET", "/imprint/v1/things/{thingName}/connection", kThing, kErrors,
     describe_connection, "thing/{thingName}"},
};

}  // namespace

Operations connection_operations(registry::Store& store, const identity::Connections& connections) {
  return rest::bind(kOperations, ConnectionNeeds{store, connections});
}

}  // namespace imprint::operator_api
