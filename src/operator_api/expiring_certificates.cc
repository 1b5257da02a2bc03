// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the certificates that expire soon.
#include "operator_api/operations.h"

namespace imprint::operator_api {

namespace {

using registry::Certificate;
using registry::query::ExpiringCertificates;

constexpr std::int64_t kDefaultDays = 30;
constexpr std::int64_t kMostDays = 36'500;
/// The most certificates that are counted. With more, the counts are lower bounds.
constexpr std::size_t kMostCounted = 10'000;
constexpr std::int64_t kCountedDays[] = {7, 30, 90, 365};

std::chrono::hours days(std::int64_t count) { return std::chrono::hours(24 * count); }

runtime::Task<Result<json::array>> count_expiring(registry::Store& store, Timestamp now) {
  CO_TRY_ASSIGN(
      const registry::Page page,
      co_await store.list(
          ExpiringCertificates{.from = now, .until = now + days(kCountedDays[3]), .brief = true},
          {.limit = kMostCounted}));
  json::array out;
  for (const std::int64_t within : kCountedDays) {
    const auto counted = std::ranges::count_if(page.records, [&](const registry::Record& record) {
      return std::get<Certificate>(record).not_after < now + days(within);
    });
    json::object count{{"days", within}, {"certificates", counted}};
    if (page.next && static_cast<std::size_t>(counted) == kMostCounted) count["atLeast"] = true;
    out.emplace_back(std::move(count));
  }
  co_return out;
}

runtime::Task<Result<json::object>> write_expiring(registry::Store& store,
                                                   Certificate certificate) {
  json::object out{{"certificateId", certificate.id.hex()},
                   {"notAfter", epoch_seconds(certificate.not_after)},
                   {"status", registry::to_string(certificate.status)}};
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> things,
                co_await registry::list_first<registry::ThingPrincipal>(
                    store, registry::query::ThingsOfPrincipal{certificate.id}, 1));
  if (!things.empty()) out["thingName"] = things.front().thing.str();
  co_return out;
}

Answer list_expiring_certificates(Call call, registry::Store& store) {
  const Timestamp now = call.now();
  const Timestamp until = now + days(call.in.integer("days").value_or(kDefaultDays));
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const registry::Page page,
                co_await store.list(ExpiringCertificates{now, until}, cursor));
  json::array certificates;
  for (const registry::Record& record : page.records) {
    CO_TRY_ASSIGN(json::object one, co_await write_expiring(store, std::get<Certificate>(record)));
    certificates.emplace_back(std::move(one));
  }
  json::object answer{{"certificates", std::move(certificates)}};
  if (!call.in.has("nextToken")) {
    CO_TRY_ASSIGN(json::array counts, co_await count_expiring(store, now));
    answer["counts"] = std::move(counts);
  }
  put_next(answer, call, kTokenStyle, page.next);
  co_return answer;
}

using enum Exception;

constexpr InputInfo kInputs[] = {
    {.name = "days", .in = Location::query, .type = Type::integer, .least = 1, .most = kMostDays},
    members::kMaxResults,
    members::kNextToken};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"ListExpiringCertificates",
     "GET",
     "/imprint/v1/expiring-certificates",
     kInputs,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_expiring_certificates},
};

}  // namespace

Operations expiring_certificate_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::operator_api
