// SPDX-License-Identifier: Apache-2.0
#include "control_api/arn.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/thing_records.h"

namespace imprint::control_api {

namespace {

using registry::ThingPrincipal;

constexpr std::string_view kExclusive = "EXCLUSIVE_THING";
constexpr std::string_view kNonExclusive = "NON_EXCLUSIVE_THING";

runtime::Task<Result<void>> check_certificate(Call call, registry::Store& store, CertificateId id) {
  CO_TRY(co_await find_or_refuse(store, registry::certificate_key(id),
                                 fmt::format("Principal {} not found", certificate_arn(call, id))));
  co_return Result<void>();
}

/// An exclusive attachment is its certificate's only one.
Result<void> check_exclusive(const std::vector<ThingPrincipal>& attached,
                             const ThingPrincipal& wanted) {
  for (const ThingPrincipal& other : attached) {
    if (other.thing == wanted.thing || !(other.exclusive || wanted.exclusive)) continue;
    return refuse(Exception::invalid_request,
                  fmt::format("The principal is attached to thing {}, and one of the two "
                              "attachments is {}; detach it there first",
                              other.thing.str(), kExclusive));
  }
  return {};
}

registry::ChangeSet principal_change(const Call& call, const ThingName& thing,
                                     const CertificateId& id) {
  registry::AuditEvent event = call.event();
  event.thing = thing.str();
  event.certificate = id.hex();
  return change_set(std::move(event));
}

Answer attach_thing_principal(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  CO_TRY_ASSIGN(const registry::Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  CO_TRY(co_await check_certificate(call, store, id));
  const ThingPrincipal wanted{thing.name, id, call.in.text("thingPrincipalType") == kExclusive,
                              call.now()};
  CO_TRY_ASSIGN(
      const std::vector<ThingPrincipal> attached,
      co_await registry::list_all<ThingPrincipal>(store, registry::query::ThingsOfPrincipal{id}));
  CO_TRY(check_exclusive(attached, wanted));
  const auto same = std::ranges::find(attached, thing.name, &ThingPrincipal::thing);
  if (same != attached.end() && same->exclusive == wanted.exclusive) co_return json::object();
  if (same != attached.end()) {
    co_return refuse(Exception::invalid_request,
                     fmt::format("The principal is attached to thing {} as {}; detach it first",
                                 thing.name.str(), same->exclusive ? kExclusive : kNonExclusive));
  }
  registry::ChangeSet changes = principal_change(call, thing.name, id);
  changes.add(registry::create(wanted));
  changes.add(registry::exists(registry::thing_key(thing.name)));
  changes.add(registry::exists(registry::certificate_key(id)));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer detach_thing_principal(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  CO_TRY_ASSIGN(const registry::Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  CO_TRY(co_await check_certificate(call, store, id));
  const auto key = registry::principal_key(thing.name, id);
  CO_TRY_ASSIGN(const std::optional<ThingPrincipal> attached, co_await registry::find(store, key));
  if (!attached) co_return json::object();
  registry::ChangeSet changes = principal_change(call, thing.name, id);
  changes.add(registry::Erase{key, registry::Expect::present()});
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

std::string_view type_of(const ThingPrincipal& principal) {
  return principal.exclusive ? kExclusive : kNonExclusive;
}

/// How a list writes an attachment. No value: the list leaves it out.
using Write = std::optional<json::value> (*)(const Call&, const ThingPrincipal&);

std::optional<json::value> write_principal(const Call& call, const ThingPrincipal& attached) {
  return json::value(certificate_arn(call, attached.certificate));
}

std::optional<json::value> write_thing_name(const Call&, const ThingPrincipal& attached) {
  return json::value(attached.thing.str());
}

/// For the second version of the lists, which show the type of an attachment and select by it. The
/// store does not search by type, so a page may hold fewer attachments than asked for.
std::optional<json::value> with_type(const Call& call, const ThingPrincipal& attached,
                                     std::string_view member, std::string text) {
  const std::string wanted = call.in.text("thingPrincipalType");
  if (!wanted.empty() && type_of(attached) != wanted) return std::nullopt;
  return json::object{{member, std::move(text)}, {"thingPrincipalType", type_of(attached)}};
}

std::optional<json::value> write_typed_principal(const Call& call, const ThingPrincipal& attached) {
  return with_type(call, attached, "principal", certificate_arn(call, attached.certificate));
}

std::optional<json::value> write_typed_thing(const Call& call, const ThingPrincipal& attached) {
  return with_type(call, attached, "thingName", attached.thing.str());
}

Answer list_of_thing(Call call, registry::Store& store, std::string_view member, Write write) {
  CO_TRY_ASSIGN(const registry::Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  co_return co_await list_page<ThingPrincipal>(std::move(call), store,
                                               registry::query::PrincipalsOfThing{thing.name},
                                               kTokenStyle, member, write);
}

Answer list_of_principal(Call call, registry::Store& store, std::string_view member, Write write) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  CO_TRY(co_await check_certificate(call, store, id));
  co_return co_await list_page<ThingPrincipal>(
      std::move(call), store, registry::query::ThingsOfPrincipal{id}, kTokenStyle, member, write);
}

Answer list_thing_principals(Call call, registry::Store& store) {
  return list_of_thing(std::move(call), store, "principals", write_principal);
}

Answer list_principal_things(Call call, registry::Store& store) {
  return list_of_principal(std::move(call), store, "things", write_thing_name);
}

Answer list_thing_principals_v2(Call call, registry::Store& store) {
  return list_of_thing(std::move(call), store, "thingPrincipalObjects", write_typed_principal);
}

Answer list_principal_things_v2(Call call, registry::Store& store) {
  return list_of_principal(std::move(call), store, "principalThingObjects", write_typed_thing);
}

using enum Exception;

constexpr std::string_view kPrincipalTypes[] = {kExclusive, kNonExclusive};
constexpr InputInfo kPrincipal = members::arn("principal", Location::header, "x-amzn-principal");
constexpr InputInfo kType{
    .name = "thingPrincipalType", .in = Location::query, .values = kPrincipalTypes};
constexpr InputInfo kAttach[] = {members::thing_name(), kPrincipal, kType};
constexpr InputInfo kDetach[] = {members::thing_name(), kPrincipal};
constexpr InputInfo kListPrincipals[] = {members::thing_name(), members::kNextToken,
                                         members::kMaxResults};
constexpr InputInfo kListThings[] = {members::kNextToken, members::kMaxResults, kPrincipal};
constexpr InputInfo kListPrincipalsV2[] = {members::thing_name(), members::kNextToken,
                                           members::kMaxResults, kType};
constexpr InputInfo kListThingsV2[] = {members::kNextToken, members::kMaxResults, kPrincipal,
                                       kType};
constexpr ExceptionSet kErrors{not_found,    invalid_request,     throttling,
                               unauthorized, service_unavailable, internal_failure};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"AttachThingPrincipal", "PUT", "/things/{thingName}/principals", kAttach, kErrors,
     attach_thing_principal, "thing/{thingName} {principal}"},
    {"DetachThingPrincipal", "DELETE", "/things/{thingName}/principals", kDetach, kErrors,
     detach_thing_principal, "thing/{thingName} {principal}"},
    {"ListThingPrincipals", "GET", "/things/{thingName}/principals", kListPrincipals, kErrors,
     list_thing_principals, "thing/{thingName}"},
    {"ListPrincipalThings", "GET", "/principals/things", kListThings, kErrors,
     list_principal_things, "{principal}"},
    {"ListThingPrincipalsV2", "GET", "/things/{thingName}/principals-v2", kListPrincipalsV2,
     kErrors, list_thing_principals_v2, "thing/{thingName}"},
    {"ListPrincipalThingsV2", "GET", "/principals/things-v2", kListThingsV2, kErrors,
     list_principal_things_v2, "{principal}"},
};

}  // namespace

Operations thing_principal_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::control_api
