// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "control_api/arn.h"
#include "control_api/certificate_records.h"
#include "control_api/members.h"
#include "control_api/operations.h"
#include "provisioning/key_history.h"
#include "provisioning/outside_certificate.h"

namespace imprint::control_api {

namespace {

/// The dependencies of these operations.
struct RegistrationNeeds {
  registry::Store& store;
  Random& random;
};

using registry::Certificate;
using registry::CertificateMode;
using registry::CertificateStatus;

/// `status`, or its deprecated predecessor setAsActive; INACTIVE without either.
Result<CertificateStatus> first_status(const Call& call) {
  const bool sets_active = call.in.flag("setAsActive");
  if (!call.in.has("status"))
    return sets_active ? CertificateStatus::active : CertificateStatus::inactive;
  TRY_ASSIGN(const CertificateStatus status, read_certificate_status(call, "status"));
  if (!sets_active || status == CertificateStatus::active) return status;
  return refuse(Exception::invalid_request,
                fmt::format("setAsActive and status {} contradict each other; give status",
                            registry::to_string(status)));
}

/// Registers the certificate unless it is registered already.
Answer store_certificate(Call call, RegistrationNeeds needs, Certificate record,
                         std::optional<registry::CaCertificate> signer) {
  registry::Store& store = needs.store;
  const std::string arn = certificate_arn(call, record.id);
  CO_TRY_ASSIGN(const std::optional<Certificate> existing,
                co_await registry::find(store, registry::certificate_key(record.id)));
  if (existing) {
    co_return refuse(Exception::already_exists,
                     "The certificate is already provisioned or registered", arn);
  }
  CO_TRY_ASSIGN(registry::RequireSame precondition,
                co_await provisioning::read_and_check_key_history(
                    store, provisioning::identity_of(record), record.id,
                    provisioning::AskedBy::operator_call));
  json::object detail{{"status", registry::to_string(record.status)}};
  if (signer) detail["ca_certificate"] = signer->id.hex();
  registry::AuditEvent event = call.event(std::move(detail));
  event.certificate = record.id.hex();
  registry::ChangeSet changes = change_set(std::move(event));
  if (signer) changes.add(registry::as_read(*signer));
  changes.add(std::move(precondition));
  json::object answer{{"certificateArn", arn}, {"certificateId", record.id.hex()}};
  changes.add(registry::create(std::move(record)));
  CO_TRY(co_await commit(store, std::move(changes)));
  co_return answer;
}

Result<void> check_signer(const registry::CaCertificate& signer, Timestamp now) {
  if (!signer.is_active) {
    return refuse(Exception::certificate_state,
                  fmt::format("the CA certificate that signed it is INACTIVE; make it ACTIVE "
                              "first. Id: {}",
                              signer.id.hex()));
  }
  if (now <= signer.not_after) return {};
  return refuse(
      Exception::certificate_validation,
      fmt::format("the CA certificate that signed it has expired. Id: {}", signer.id.hex()));
}

Answer register_certificate(Call call, RegistrationNeeds needs) {
  const Timestamp now = call.now();
  CO_TRY_ASSIGN(const CertificateStatus status, first_status(call));
  CO_TRY_ASSIGN(const x509::Certificate certificate, read_certificate(call, "certificatePem"));
  CO_TRY(provisioning::check_outside_certificate(certificate, now));
  std::optional<CertificateId> named;
  if (call.in.has("caCertificatePem")) {
    CO_TRY_ASSIGN(const x509::Certificate ca, read_certificate(call, "caCertificatePem"));
    named = ca.id();
  }
  CO_TRY_ASSIGN(const registry::CaCertificate signer,
                co_await provisioning::find_signer(needs.store, certificate, named));
  CO_TRY(check_signer(signer, now));
  Certificate record = provisioning::certificate_record(certificate, needs.random, now);
  record.status = status;
  record.ca_certificate = signer.id;
  record.mode = signer.mode;
  co_return co_await store_certificate(std::move(call), needs, std::move(record), signer);
}

Answer register_certificate_without_ca(Call call, RegistrationNeeds needs) {
  const Timestamp now = call.now();
  CO_TRY_ASSIGN(const CertificateStatus status, first_status(call));
  CO_TRY_ASSIGN(const x509::Certificate certificate, read_certificate(call, "certificatePem"));
  CO_TRY(provisioning::check_outside_certificate(certificate, now));
  Certificate record = provisioning::certificate_record(certificate, needs.random, now);
  record.status = status;
  record.mode = CertificateMode::sni_only;
  co_return co_await store_certificate(std::move(call), needs, std::move(record), std::nullopt);
}

using enum Exception;

constexpr InputInfo kStatus{.name = "status", .values = kCertificateStatuses};
constexpr InputInfo kRegister[] = {members::certificate_pem("certificatePem", true),
                                   members::certificate_pem("caCertificatePem", false),
                                   members::flag("setAsActive", Location::query), kStatus};
constexpr InputInfo kRegisterWithoutCa[] = {members::certificate_pem("certificatePem", true),
                                            kStatus};

constexpr rest::Row<RegistrationNeeds> kOperations[] = {
    {"RegisterCertificate",
     "POST",
     "/certificate/register",
     kRegister,
     {already_exists, invalid_request, certificate_validation, certificate_state,
      certificate_conflict, throttling, unauthorized, service_unavailable, internal_failure},
     register_certificate},
    {"RegisterCertificateWithoutCA",
     "POST",
     "/certificate/register-no-ca",
     kRegisterWithoutCa,
     {already_exists, invalid_request, certificate_state, certificate_validation, throttling,
      unauthorized, service_unavailable, internal_failure},
     register_certificate_without_ca},
};

}  // namespace

Operations certificate_registration_operations(registry::Store& store, Random& random) {
  return rest::bind(kOperations, RegistrationNeeds{store, random});
}

}  // namespace imprint::control_api
