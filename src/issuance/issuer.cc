// SPDX-License-Identifier: Apache-2.0
#include "issuance/issuer.h"

#include <algorithm>

#include "issuance/key_rules.h"
#include "issuance/lint.h"
#include "outcome/causes.h"
#include "x509/tbs_certificate.h"

namespace imprint::issuance {

namespace {

x509::Extensions device_extensions(const Profile& profile, const x509::PublicKey& key) {
  x509::Extensions out;
  out.basic_constraints = x509::BasicConstraints{.ca = false};
  out.key_usage = x509::digital_signature;
  if (key.type() == x509::KeyType::rsa)
    out.key_usage = x509::digital_signature | x509::key_encipherment;
  out.extended_key_usage = {std::string(x509::kClientAuth)};
  out.subject_key_id = x509::key_identifier(key);
  out.authority_key_id = profile.issuing_ca().extensions().subject_key_id;
  out.crl_urls = profile.options().crl_urls;
  out.ocsp_urls = profile.options().ocsp_urls;
  out.ca_issuer_urls = profile.options().ca_issuer_urls;
  return out;
}

Timestamp whole_seconds(Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time); }

Result<void> check_clock(const x509::Certificate& ca, Timestamp now) {
  if (now < ca.not_before()) {
    return fail(Fault::unavailable,
                "the clock of this machine is before the issuing CA's notBefore; set the clock");
  }
  if (now >= ca.not_after())
    return fail(Fault::unavailable, "the issuing CA has expired; renew it");
  return {};
}

}  // namespace

Result<ApprovedRequest> approve(const Profile& profile, const x509::PublicKey& key, Timestamp now,
                                const x509::CertificateSerial& serial) {
  const x509::Certificate& ca = profile.issuing_ca();
  TRY(check_clock(ca, now));
  if (auto rules = check_device_key(key); !rules) {
    rules.error().cause = "InvalidCsr"_cause;
    return tl::unexpected(rules.error());
  }
  // A device certificate that begins before its CA would confuse strict verifiers.
  const Timestamp not_before =
      std::max(whole_seconds(now - profile.options().backdate), ca.not_before());
  const Timestamp not_after =
      std::min(whole_seconds(now + profile.options().validity), ca.not_after());
  x509::TbsCertificate tbs{serial,       profile.signature_algorithm(),
                           ca.subject(), not_before,
                           not_after,    profile.subject(),
                           key,          device_extensions(profile, key)};
  TRY_ASSIGN(Bytes encoded, x509::encode(tbs));
  TRY(lint(encoded, profile, key));
  return ApprovedRequest(serial, key, ca.id(), not_before, not_after, std::move(encoded));
}

Result<ApprovedRequest> approve(const Profile& profile, const x509::Csr& csr, Timestamp now,
                                const x509::CertificateSerial& serial) {
  return approve(profile, csr.public_key(), now, serial);
}

Result<Issuer> Issuer::make(x509::Certificate issuing_ca, std::shared_ptr<Signer> signer) {
  if (!issuing_ca.is_ca()) {
    return fail(Fault::invalid, "\"{}\" is not a CA certificate", issuing_ca.subject().text());
  }
  TRY_ASSIGN(auto verifier, x509::Verifier::make(issuing_ca.public_key()));
  const x509::SignatureAlgorithm algorithm = signer->algorithm();
  Issuer issuer(std::move(issuing_ca), algorithm, std::move(signer), std::move(verifier));
  TRY(issuer.try_key());
  return issuer;
}

Result<void> Issuer::try_key() const {
  constexpr std::string_view kTrial = "imprint: does this key belong to this certificate?";
  TRY_ASSIGN(const Bytes signature, signer_->sign(as_bytes(kTrial)));
  if (verifier_->verify(algorithm_, as_bytes(kTrial), signature)) return {};
  return fail(Fault::invalid,
              "the issuing key does not belong to the CA certificate \"{}\"; put the matching "
              "pair in place",
              issuing_ca_.subject().text());
}

Result<x509::Certificate> Issuer::sign(ApprovedRequest&& request) const {
  const ApprovedRequest approved = std::move(request);
  if (approved.issuing_ca_ != issuing_ca_.id())
    return fail(Fault::internal, "the request was approved for another issuing CA");
  TRY_ASSIGN(const Bytes signature, signer_->sign(approved.tbs_));
  if (!verifier_->verify(algorithm_, approved.tbs_, signature)) {
    return fail(Fault::internal, "the signer returned a signature that does not verify (serial {})",
                approved.serial_.hex());
  }
  return x509::assemble(approved.tbs_, algorithm_, signature);
}

}  // namespace imprint::issuance
