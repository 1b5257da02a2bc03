// SPDX-License-Identifier: Apache-2.0
// Imprint's own: what is left of revoked certificates that were deleted, and how an operator lets
// such a key in again.
#include "control_api/certificate_records.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

namespace {

using control_api::read_certificate_id;
using registry::Expect;
using registry::Tombstone;

json::object write_revocation(const Tombstone& tombstone) {
  return {{"certificateId", tombstone.certificate.hex()},
          {"serial", tombstone.serial},
          {"commonName", tombstone.common_name},
          {"deletionDate", epoch_seconds(tombstone.created)}};
}

Answer list_revocations(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  CO_TRY_ASSIGN(const registry::Page page,
                co_await store.list(registry::query::Tombstones{}, cursor));
  json::object answer{{"revocations", write_all<Tombstone>(page.records, write_revocation)}};
  put_next(answer, call, kTokenStyle, page.next);
  co_return answer;
}

Answer lift_revocation(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, read_certificate_id(call, "certificateId"));
  CO_TRY_ASSIGN(const std::optional<Tombstone> found,
                co_await find_record<Tombstone>(store, registry::tombstone_key(id)));
  if (!found) {
    CO_TRY_ASSIGN(
        const std::optional<registry::Certificate> certificate,
        co_await find_record<registry::Certificate>(store, registry::certificate_key(id)));
    co_return refuse(
        Exception::not_found,
        certificate ? fmt::format("Certificate {} is {} and still registered; delete a revoked "
                                  "certificate first (aws iot delete-certificate)",
                                  id.hex(), registry::to_string(certificate->status))
                    : fmt::format("There is no revocation of a certificate {}; ListRevocations "
                                  "(imprint revocation list) has those that there are",
                                  id.hex()));
  }
  registry::AuditEvent event =
      call.event({{"serial", found->serial}, {"common_name", found->common_name}});
  event.certificate = id.hex();
  registry::ChangeSet changes = change_set(std::move(event));
  erase(changes, registry::tombstone_key(id), Expect::at(found->version));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return write_revocation(*found);
}

using enum Exception;

constexpr InputInfo kList[] = {members::kMaxResults, members::kNextToken};
constexpr InputInfo kOne[] = {members::certificate_id()};
constexpr ExceptionSet kListErrors{invalid_request, throttling, unauthorized, service_unavailable,
                                   internal_failure};
constexpr ExceptionSet kErrors{invalid_request, not_found,           throttling,
                               unauthorized,    service_unavailable, internal_failure};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"ListRevocations", "GET", "/imprint/v1/revocations", kList, kListErrors, list_revocations},
    {"LiftRevocation", "DELETE", "/imprint/v1/revocations/{certificateId}", kOne, kErrors,
     lift_revocation, "cert/{certificateId}"},
};

}  // namespace

Operations revocation_operations(registry::Store& store) { return rest::bind(kOperations, store); }

}  // namespace imprint::operator_api
