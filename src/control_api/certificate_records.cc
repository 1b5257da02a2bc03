// SPDX-License-Identifier: Apache-2.0
#include "control_api/certificate_records.h"

#include "control_api/words.h"

namespace imprint::control_api {

using registry::CertificateStatus;

Result<x509::Certificate> read_certificate(const Call& call, std::string_view member) {
  auto certificate = x509::Certificate::from_pem(call.in.text(member));
  if (certificate) return certificate;
  return refuse(Exception::certificate_validation, certificate.error().message,
                std::string(member));
}

Result<CertificateId> read_certificate_id(const Call& call, std::string_view member) {
  const std::string text = call.in.text(member);
  auto id = CertificateId::parse(text);
  if (id) return id;
  return refuse_value(member, text, id.error().message);
}

Result<CertificateStatus> read_certificate_status(const Call& call, std::string_view member) {
  const std::string text = call.in.text(member);
  TRY_ASSIGN(const CertificateStatus status, registry::parse_certificate_status(text));
  if (status == CertificateStatus::active || status == CertificateStatus::inactive ||
      status == CertificateStatus::revoked) {
    return status;
  }
  return refuse_value(member, text, "Member must be ACTIVE, INACTIVE or REVOKED");
}

Result<void> check_activation(const provisioning::KeyHistory& history, const CertificateId& own) {
  for (const registry::Certificate& other : history.certificates) {
    if (other.id == own || other.status != CertificateStatus::revoked) continue;
    return refuse(Exception::certificate_state,
                  fmt::format("Certificate {} of the same key, or of the same issuer and serial "
                              "number, is revoked; for a unit that may be used again delete that "
                              "one and lift its revocation: imprint revocation lift DIR {}",
                              other.id.hex(), other.id.hex()));
  }
  if (history.tombstones.empty()) return {};
  const std::string revoked = history.tombstones.front().certificate.hex();
  return refuse(
      Exception::certificate_state,
      fmt::format("Certificate {} of the same key, or of the same issuer and serial "
                  "number, was revoked and has been deleted since; for a unit that may be "
                  "used again: imprint revocation lift DIR {}",
                  revoked, revoked));
}

json::object write_validity(Timestamp not_before, Timestamp not_after) {
  return {{"notBefore", epoch_seconds(not_before)}, {"notAfter", epoch_seconds(not_after)}};
}

}  // namespace imprint::control_api
