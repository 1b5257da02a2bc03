// SPDX-License-Identifier: Apache-2.0
#include "provisioning/outside_certificate.h"

#include <algorithm>

#include "issuance/key_rules.h"
#include "outcome/causes.h"
#include "x509/digest.h"

namespace imprint::provisioning {

namespace {

Unexpected refuse_outside(Cause cause, std::string message) {
  const Fault fault = cause == "CertificateConflict"_cause ? Fault::conflict : Fault::invalid;
  return Unexpected(Error{fault, std::move(message), {}, cause});
}

}  // namespace

registry::Certificate certificate_record(const x509::Certificate& certificate, Random& random,
                                         Timestamp now) {
  return {.id = certificate.id(),
          .pem = certificate.pem(),
          .serial = certificate.serial_hex(),
          .common_name = std::string(certificate.subject().common_name()),
          .public_key = certificate.public_key().sha256(),
          .not_before = certificate.not_before(),
          .not_after = certificate.not_after(),
          .generation_id = make_uuid(random),
          .created = now,
          .modified = now,
          .issued_as = certificate.issued_as()};
}

Result<void> check_outside_certificate(const x509::Certificate& certificate, Timestamp now) {
  if (const auto fit = issuance::check_device_key(certificate.public_key()); !fit)
    return refuse_outside("CertificateValidation"_cause, fit.error().message);
  if (now <= certificate.not_after()) return {};
  return refuse_outside(
      "CertificateValidation"_cause,
      fmt::format("the certificate of \"{}\" has expired; register one that is valid",
                  certificate.subject().text()));
}

Result<void> check_path_to_ca(const x509::Certificate& certificate,
                              std::span<const x509::Certificate> sent,
                              const x509::Certificate& ca) {
  const x509::Certificate* step = &certificate;
  for (std::size_t i = 0; i <= sent.size(); ++i) {
    if (step->issuer() == ca.subject()) return step->verify_signed_by(ca);
    const auto next = std::ranges::find_if(sent, [&](const x509::Certificate& one) {
      return one.subject() == step->issuer() && step->verify_signed_by(one).has_value();
    });
    if (next == sent.end()) break;
    step = &*next;
  }
  return fail(Fault::invalid, "no certificate sent along leads from \"{}\" to the CA",
              step->subject().text());
}

registry::Task<Result<registry::CaCertificate>> find_signer(registry::Store& store,
                                                            x509::Certificate certificate,
                                                            std::optional<CertificateId> named) {
  const registry::query::CaCertificatesBySubject same_name{
      x509::sha256(certificate.issuer().der())};
  CO_TRY_ASSIGN(const std::vector<registry::CaCertificate> candidates,
                co_await registry::list_all<registry::CaCertificate>(store, same_name));
  std::vector<registry::CaCertificate> signers;
  for (const registry::CaCertificate& candidate : candidates) {
    if (named && candidate.id != *named) continue;
    CO_TRY_ASSIGN(const x509::Certificate ca, x509::Certificate::from_pem(candidate.pem));
    const auto verified = certificate.verify_signed_by(ca);
    if (verified) signers.push_back(candidate);
    if (!verified && verified.error().cause == "SignatureNotAccepted"_cause)
      co_return refuse_outside("CertificateValidation"_cause, verified.error().message);
  }
  if (signers.empty()) {
    co_return refuse_outside(
        "CertificateValidation"_cause,
        fmt::format(
            "no {} with the subject \"{}\" signed this certificate; register its CA with "
            "RegisterCACertificate first, or the certificate without its CA",
            named ? "registered CA certificate that is the one given" : "registered CA certificate",
            certificate.issuer().text()));
  }
  if (signers.size() > 1) {
    co_return refuse_outside(
        "CertificateConflict"_cause,
        fmt::format("{} CA certificates of the same subject and key are registered, {} and {} "
                    "among them; say which one signed this certificate, or delete the others",
                    signers.size(), signers[0].id.hex(), signers[1].id.hex()));
  }
  co_return std::move(signers.front());
}

}  // namespace imprint::provisioning
