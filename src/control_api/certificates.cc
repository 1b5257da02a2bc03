// SPDX-License-Identifier: Apache-2.0
#include "base/current.h"
#include "control_api/arn.h"
#include "control_api/certificate_records.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "control_api/store_access.h"
#include "issuance/key_pool.h"
#include "issuance/key_rules.h"
#include "provisioning/issue.h"
#include "provisioning/key_history.h"
#include "provisioning/settings.h"
#include "x509/csr.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct CertificateNeeds {
  registry::Store& store;
  provisioning::IssueCertificate& issue;
  issuance::KeyPool& keys;
  const Current<provisioning::Settings>& settings;
};

using registry::Certificate;
using registry::CertificateStatus;

/// The certificate that the path names.
runtime::Task<Result<Certificate>> get_certificate(Call call, CertificateNeeds needs) {
  CO_TRY_ASSIGN(const CertificateId id, read_certificate_id(call, "certificateId"));
  co_return co_await find_or_refuse(
      needs.store, registry::certificate_key(id),
      fmt::format("The certificate given in the request does not exist. Id: {}", id.hex()));
}

/// `precondition` must still hold when the certificate is stored.
provisioning::IssueRequest issue_request(const Call& call,
                                         std::optional<registry::RequireSame> precondition = {}) {
  return {.status =
              call.in.flag("setAsActive") ? CertificateStatus::active : CertificateStatus::inactive,
          .event = call.event(),
          .also = [precondition = std::move(precondition)](const Certificate&,
                                                           registry::ChangeSet& changes) {
            if (precondition) changes.add(*precondition);
          }};
}

json::object write_issued(const Call& call, const Certificate& certificate) {
  return {{"certificateArn", certificate_arn(call, certificate.id)},
          {"certificateId", certificate.id.hex()},
          {"certificatePem", certificate.pem}};
}

Answer create_keys_and_certificate(Call call, CertificateNeeds needs) {
  CO_TRY_ASSIGN(const x509::PrivateKey key,
                co_await provisioning::make_device_key(needs.settings.get()->key_algorithm,
                                                       needs.keys, call.access_key_id));
  CO_TRY_ASSIGN(const Certificate certificate,
                co_await needs.issue.run(key.public_key(), issue_request(call)));
  json::object answer = write_issued(call, certificate);
  answer["keyPair"] =
      json::object{{"PublicKey", key.public_pem()}, {"PrivateKey", key.pem_traditional().reveal()}};
  co_return answer;
}

Answer create_certificate_from_csr(Call call, CertificateNeeds needs) {
  CO_TRY_ASSIGN(const x509::Csr csr, issuance::read_csr(call.in.text("certificateSigningRequest")));
  CO_TRY_ASSIGN(
      registry::RequireSame precondition,
      co_await provisioning::read_and_check_key_history(needs.store, {csr.public_key().sha256()},
                                                        {}, provisioning::AskedBy::operator_call));
  CO_TRY_ASSIGN(
      const Certificate certificate,
      co_await needs.issue.run(csr.public_key(), issue_request(call, std::move(precondition))));
  co_return write_issued(call, certificate);
}

Answer describe_certificate(Call call, CertificateNeeds needs) {
  CO_TRY_ASSIGN(const Certificate certificate, co_await get_certificate(call, needs));
  json::object description = write_issued(call, certificate);
  description["status"] = registry::to_string(certificate.status);
  description["ownedBy"] = call.account;
  description["creationDate"] = epoch_seconds(certificate.created);
  description["lastModifiedDate"] = epoch_seconds(certificate.modified);
  description["customerVersion"] = certificate.version;
  description["transferData"] = json::object();
  description["generationId"] = certificate.generation_id;
  description["validity"] = write_validity(certificate.not_before, certificate.not_after);
  description["certificateMode"] = registry::to_string(certificate.mode);
  if (certificate.ca_certificate)
    description["caCertificateId"] = certificate.ca_certificate->hex();
  co_return json::object{{"certificateDescription", std::move(description)}};
}

json::object write_summary(const Call& call, const Certificate& certificate) {
  return {{"certificateArn", certificate_arn(call, certificate.id)},
          {"certificateId", certificate.id.hex()},
          {"status", registry::to_string(certificate.status)},
          {"certificateMode", registry::to_string(certificate.mode)},
          {"creationDate", epoch_seconds(certificate.created)}};
}

Answer list_certificates(Call call, CertificateNeeds needs) {
  const registry::query::Certificates all{call.in.flag("ascendingOrder")};
  return list_page<Certificate>(std::move(call), needs.store, all, kMarkerStyle, "certificates",
                                write_summary);
}

/// A CA that does not exist gives an empty list: AWS's model has no error for it, and the
/// certificates of a deleted CA stay.
Answer list_certificates_by_ca(Call call, CertificateNeeds needs) {
  CO_TRY_ASSIGN(const CertificateId ca, read_certificate_id(call, "caCertificateId"));
  const registry::query::CertificatesOfCa under{ca, call.in.flag("ascendingOrder")};
  co_return co_await list_page<Certificate>(std::move(call), needs.store, under, kMarkerStyle,
                                            "certificates", write_summary);
}

void set_status(const Call& call, Certificate certificate, CertificateStatus wanted,
                registry::ChangeSet& changes, const json::array& same_key = {}) {
  json::object detail{{"from", registry::to_string(certificate.status)},
                      {"to", registry::to_string(wanted)}};
  if (!same_key.empty()) detail["same_key_in_service"] = same_key;
  registry::AuditEvent event = call.event(std::move(detail));
  event.certificate = certificate.id.hex();
  changes.events.push_back(std::move(event));
  certificate.status = wanted;
  certificate.frozen.reset();
  certificate.deactivated.reset();
  certificate.replaced_by.reset();
  const Timestamp now = call.now();
  if (wanted == CertificateStatus::inactive) certificate.deactivated = now;
  changes.add(registry::update(std::move(certificate), now));
}

/// The ACTIVE certificates of the same key as one that is revoked. They stay in service, since a
/// renewal has an old and a new certificate of one key, but the operator should know of them.
json::array others_in_service(const provisioning::KeyHistory& history, const Certificate& revoked) {
  json::array out;
  for (const Certificate& other : history.certificates) {
    if (other.id != revoked.id && other.public_key == revoked.public_key &&
        other.status == CertificateStatus::active &&
        !provisioning::is_other_encoding(other, revoked))
      out.emplace_back(other.id.hex());
  }
  return out;
}

Answer update_certificate(Call call, CertificateNeeds needs) {
  CO_TRY_ASSIGN(const CertificateStatus wanted, read_certificate_status(call, "newStatus"));
  CO_TRY_ASSIGN(Certificate certificate, co_await get_certificate(call, needs));
  const CertificateStatus before = certificate.status;
  if (before == wanted) co_return json::object();
  if (before == CertificateStatus::revoked) {
    co_return refuse(Exception::certificate_state,
                     fmt::format("A revoked certificate cannot be used again; issue a new one. "
                                 "Id: {}",
                                 certificate.id.hex()));
  }
  CO_TRY_ASSIGN(
      const provisioning::KeyHistory history,
      co_await provisioning::read_key_history(needs.store, provisioning::identity_of(certificate)));
  const bool activates = wanted == CertificateStatus::active;
  if (activates) CO_TRY(check_activation(history, certificate.id));
  registry::ChangeSet changes;
  changes.add(provisioning::precondition_of(history));
  set_status(call, certificate, wanted, changes,
             wanted == CertificateStatus::revoked ? others_in_service(history, certificate)
                                                  : json::array());
  for (const Certificate& other : history.certificates) {
    if (activates || !provisioning::is_other_encoding(other, certificate)) continue;
    if (other.status != CertificateStatus::revoked && other.status != wanted)
      set_status(call, other, wanted, changes);
  }
  CO_TRY(co_await commit(needs.store, std::move(changes)));
  co_return json::object();
}

/// The conditions of a deletion; the messages are AWS's.
Result<void> check_deletable(const Call& call, const Certificate& certificate, bool has_things,
                             bool has_policies) {
  if (certificate.status == CertificateStatus::active) {
    return refuse(
        Exception::certificate_state,
        fmt::format("Certificate must be deactivated (not ACTIVE) before deletion. Id: {}",
                    certificate.id.hex()));
  }
  if (has_things) {
    return refuse(Exception::delete_conflict,
                  fmt::format("Things must be detached before deletion (arn: {})",
                              certificate_arn(call, certificate.id)));
  }
  if (has_policies && !call.in.flag("forceDelete")) {
    return refuse(Exception::delete_conflict,
                  fmt::format("Certificate policies must be detached before deletion (arn: {})",
                              certificate_arn(call, certificate.id)));
  }
  return {};
}

Answer delete_certificate(Call call, CertificateNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(const Certificate certificate, co_await get_certificate(call, needs));
  const registry::query::ThingsOfPrincipal things{certificate.id};
  const registry::query::PoliciesOfTarget policies{registry::PolicyTarget(certificate.id)};
  CO_TRY_ASSIGN(const std::vector<registry::ThingPrincipal> first_thing,
                co_await registry::list_first<registry::ThingPrincipal>(store, things, 1));
  CO_TRY_ASSIGN(const std::vector<registry::PolicyAttachment> attached,
                co_await registry::list_all<registry::PolicyAttachment>(store, policies));
  CO_TRY(check_deletable(call, certificate, !first_thing.empty(), !attached.empty()));
  registry::AuditEvent event = call.event({{"serial", certificate.serial}});
  event.certificate = certificate.id.hex();
  registry::ChangeSet changes = change_set(std::move(event));
  for (const registry::PolicyAttachment& attachment : attached)
    changes.add(registry::Erase{registry::key_of(attachment)});
  const registry::Key key = registry::certificate_key(certificate.id);
  for (registry::Change& change : provisioning::removal_changes(certificate, call.now()))
    changes.add(std::move(change));
  CO_TRY(co_await commit(store, std::move(changes)));
  CO_TRY(co_await erase_strays(store, things, key, call.event()));
  CO_TRY(co_await erase_strays(store, policies, key, call.event()));
  co_return json::object();
}

using enum Exception;

constexpr InputInfo kSetAsActive = members::flag("setAsActive", Location::query);
constexpr InputInfo kCreateKeys[] = {kSetAsActive};
constexpr InputInfo kFromCsr[] = {{.name = "certificateSigningRequest",
                                   .required = true,
                                   .least = 1,
                                   .most = static_cast<std::int64_t>(x509::Csr::kMaxPemChars)},
                                  kSetAsActive};
constexpr InputInfo kOne[] = {members::certificate_id()};
constexpr InputInfo kUpdate[] = {
    members::certificate_id(),
    {.name = "newStatus", .in = Location::query, .required = true, .values = kCertificateStatuses}};
constexpr InputInfo kDelete[] = {members::certificate_id(),
                                 members::flag("forceDelete", Location::query)};
constexpr InputInfo kList[] = {members::kPageSize, members::kMarker, members::kAscendingOrder};
constexpr InputInfo kListOfCa[] = {members::ca_certificate_id(), members::kPageSize,
                                   members::kMarker, members::kAscendingOrder};
constexpr ExceptionSet kErrors{invalid_request, throttling, unauthorized, service_unavailable,
                               internal_failure};

constexpr rest::Row<CertificateNeeds> kOperations[] = {
    {"CreateKeysAndCertificate", "POST", "/keys-and-certificate", kCreateKeys, kErrors,
     create_keys_and_certificate},
    {"CreateCertificateFromCsr", "POST", "/certificates", kFromCsr, kErrors,
     create_certificate_from_csr},
    {"DescribeCertificate",
     "GET",
     "/certificates/{certificateId}",
     kOne,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure, not_found},
     describe_certificate,
     "cert/{certificateId}"},
    {"UpdateCertificate",
     "PUT",
     "/certificates/{certificateId}",
     kUpdate,
     {not_found, certificate_state, invalid_request, throttling, unauthorized, service_unavailable,
      internal_failure},
     update_certificate,
     "cert/{certificateId}"},
    {"DeleteCertificate",
     "DELETE",
     "/certificates/{certificateId}",
     kDelete,
     {certificate_state, delete_conflict, invalid_request, throttling, unauthorized,
      service_unavailable, internal_failure, not_found},
     delete_certificate,
     "cert/{certificateId}"},
    {"ListCertificates", "GET", "/certificates", kList, kErrors, list_certificates},
    {"ListCertificatesByCA", "GET", "/certificates-by-ca/{caCertificateId}", kListOfCa, kErrors,
     list_certificates_by_ca, "cacert/{caCertificateId}"},
};

}  // namespace

Operations certificate_operations(registry::Store& store, provisioning::IssueCertificate& issue,
                                  issuance::KeyPool& keys,
                                  const Current<provisioning::Settings>& settings) {
  return rest::bind(kOperations, CertificateNeeds{store, issue, keys, settings});
}

}  // namespace imprint::control_api
