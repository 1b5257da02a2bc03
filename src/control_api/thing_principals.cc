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
  CO_TRY_ASSIGN(const std::optional<registry::Certificate> found,
                co_await find_record<registry::Certificate>(store, registry::certificate_key(id)));
  if (found) co_return Result<void>();
  co_return refuse(Exception::not_found,
                   fmt::format("Principal {} not found", certificate_arn(call, id)));
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
  put(changes, wanted, registry::Expect::absent());
  require(changes, registry::thing_key(thing.name));
  require(changes, registry::certificate_key(id));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

Answer detach_thing_principal(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  CO_TRY_ASSIGN(const registry::Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  CO_TRY(co_await check_certificate(call, store, id));
  const registry::Key key = registry::principal_key(thing.name, id);
  CO_TRY_ASSIGN(const std::optional<ThingPrincipal> attached,
                co_await find_record<ThingPrincipal>(store, key));
  if (!attached) co_return json::object();
  registry::ChangeSet changes = principal_change(call, thing.name, id);
  erase(changes, key, registry::Expect::present());
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return json::object();
}

using Write = json::array (*)(const Call&, const registry::Page&);

/// A page of the attachments that `query` finds, under `member`: both versions of a list differ in
/// what they say of each.
Answer list_attachments(Call call, registry::Store& store, registry::Query query,
                        std::string_view member, Write write) {
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const registry::Page page, co_await store.list(std::move(query), cursor));
  json::object answer{{member, write(call, page)}};
  put_next(answer, call, kTokenStyle, page.next);
  co_return answer;
}

Answer list_of_thing(Call call, registry::Store& store, std::string_view member, Write write) {
  CO_TRY_ASSIGN(const registry::Thing thing,
                co_await get_thing_record(store, call.in.name<ThingName>("thingName")));
  co_return co_await list_attachments(
      std::move(call), store, registry::query::PrincipalsOfThing{thing.name}, member, write);
}

Answer list_of_principal(Call call, registry::Store& store, std::string_view member, Write write) {
  CO_TRY_ASSIGN(const CertificateId id, parse_principal(call, "principal"));
  CO_TRY(co_await check_certificate(call, store, id));
  co_return co_await list_attachments(std::move(call), store,
                                      registry::query::ThingsOfPrincipal{id}, member, write);
}

Answer list_thing_principals(Call call, registry::Store& store) {
  return list_of_thing(
      std::move(call), store, "principals", [](const Call& c, const registry::Page& page) {
        return write_all<ThingPrincipal>(page.records, [&](const ThingPrincipal& principal) {
          return certificate_arn(c, principal.certificate);
        });
      });
}

Answer list_principal_things(Call call, registry::Store& store) {
  return list_of_principal(
      std::move(call), store, "things", [](const Call&, const registry::Page& page) {
        return write_all<ThingPrincipal>(
            page.records, [](const ThingPrincipal& principal) { return principal.thing.str(); });
      });
}

std::string_view type_of(const ThingPrincipal& principal) {
  return principal.exclusive ? kExclusive : kNonExclusive;
}

/// The elements of a page that are of the wanted type, if any is wanted: the store does not search
/// by it, so that a page may hold fewer than asked for.
json::array write_typed(const Call& call, const registry::Page& page, std::string_view member,
                        std::string (*text)(const Call&, const ThingPrincipal&)) {
  const std::string wanted = call.in.text("thingPrincipalType");
  json::array out;
  for (const registry::Record& record : page.records) {
    const auto& principal = std::get<ThingPrincipal>(record);
    if (!wanted.empty() && type_of(principal) != wanted) continue;
    out.emplace_back(
        json::object{{member, text(call, principal)}, {"thingPrincipalType", type_of(principal)}});
  }
  return out;
}

Answer list_thing_principals_v2(Call call, registry::Store& store) {
  return list_of_thing(std::move(call), store, "thingPrincipalObjects",
                       [](const Call& c, const registry::Page& page) {
                         return write_typed(c, page, "principal",
                                            [](const Call& of, const ThingPrincipal& principal) {
                                              return certificate_arn(of, principal.certificate);
                                            });
                       });
}

Answer list_principal_things_v2(Call call, registry::Store& store) {
  return list_of_principal(std::move(call), store, "principalThingObjects",
                           [](const Call& c, const registry::Page& page) {
                             return write_typed(c, page, "thingName",
                                                [](const Call&, const ThingPrincipal& principal) {
                                                  return principal.thing.str();
                                                });
                           });
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
