// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the revocations that outlive deleted certificates, and how an operator lifts one
// so that its key may be used again.
#include "control_api/certificate_records.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

namespace {

using control_api::read_certificate_id;
using registry::Tombstone;

json::object write_revocation(const Tombstone& tombstone) {
  return {{"certificateId", tombstone.certificate.hex()},
          {"serial", tombstone.serial},
          {"commonName", tombstone.common_name},
          {"deletionDate", epoch_seconds(tombstone.created)}};
}

Answer list_revocations(Call call, registry::Store& store) {
  return list_page<Tombstone>(std::move(call), store, registry::query::Tombstones{}, kTokenStyle,
                              "revocations", write_revocation);
}

Answer lift_revocation(Call call, registry::Store& store) {
  CO_TRY_ASSIGN(const CertificateId id, read_certificate_id(call, "certificateId"));
  CO_TRY_ASSIGN(const std::optional<Tombstone> found,
                co_await registry::find(store, registry::tombstone_key(id)));
  if (!found) {
    CO_TRY_ASSIGN(const std::optional<registry::Certificate> certificate,
                  co_await registry::find(store, registry::certificate_key(id)));
    co_return refuse(
        Exception::not_found,
        certificate ? fmt::format("Certificate {} is {} and still registered; delete a revoked "
                                  "certificate first (aws iot delete-certificate)",
                                  id.hex(), registry::to_string(certificate->status))
                    : fmt::format("There is no revocation of a certificate {}; ListRevocations "
                                  "(imprint revocation list) lists all revocations",
                                  id.hex()));
  }
  registry::AuditEvent event =
      call.event({{"serial", found->serial}, {"common_name", found->common_name}});
  event.certificate = id.hex();
  registry::ChangeSet changes = change_set(std::move(event));
  changes.add(registry::erase(*found));
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
