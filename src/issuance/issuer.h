// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "issuance/profile.h"
#include "issuance/signer.h"
#include "x509/certificate.h"
#include "x509/csr.h"
#include "x509/serial.h"

namespace imprint::issuance {

/// A certificate that may be signed once: built, linted, bound to its issuing CA. Only approve()
/// makes one, and only Issuer::sign consumes it. Between the two the caller records the intent
/// (serial, key, validity), so that after a power cut it knows which certificates may have been
/// signed.
class ApprovedRequest {
 public:
  ApprovedRequest(ApprovedRequest&&) noexcept = default;
  ApprovedRequest& operator=(ApprovedRequest&&) noexcept = default;
  ApprovedRequest(const ApprovedRequest&) = delete;
  ApprovedRequest& operator=(const ApprovedRequest&) = delete;

  [[nodiscard]] const x509::CertificateSerial& serial() const { return serial_; }
  [[nodiscard]] const x509::PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Timestamp not_before() const { return not_before_; }
  [[nodiscard]] Timestamp not_after() const { return not_after_; }
  /// The exact bytes that will be signed.
  [[nodiscard]] const Bytes& tbs() const { return tbs_; }

 private:
  friend class Issuer;
  friend Result<ApprovedRequest> approve(const Profile&, const x509::PublicKey&, Timestamp,
                                         const x509::CertificateSerial&);
  ApprovedRequest(x509::CertificateSerial serial, x509::PublicKey public_key,
                  CertificateId issuing_ca, Timestamp not_before, Timestamp not_after, Bytes tbs)
      : serial_(std::move(serial)),
        public_key_(std::move(public_key)),
        issuing_ca_(issuing_ca),
        not_before_(not_before),
        not_after_(not_after),
        tbs_(std::move(tbs)) {}

  x509::CertificateSerial serial_;
  x509::PublicKey public_key_;
  CertificateId issuing_ca_;
  Timestamp not_before_;
  Timestamp not_after_;
  Bytes tbs_;
};

/// Decides on one request. The key must pass check_device_key (InvalidCsr otherwise); `now`
/// must lie within the issuing CA's validity (Fault::unavailable: clock or CA need an operator).
Result<ApprovedRequest> approve(const Profile& profile, const x509::PublicKey& key, Timestamp now,
                                const x509::CertificateSerial& serial);
/// As above, for a request whose proof of possession Csr has checked.
Result<ApprovedRequest> approve(const Profile& profile, const x509::Csr& csr, Timestamp now,
                                const x509::CertificateSerial& serial);

struct RevocationList;
struct RevocationListTerms;
struct RevokedSerial;

/// The issuing CA in operation: one per process, immutable, called from every shard at once.
class Issuer {
 public:
  /// `signer` must hold the key of `issuing_ca`; one trial signature proves it.
  static Result<Issuer> make(x509::Certificate issuing_ca, std::shared_ptr<Signer> signer);

  [[nodiscard]] const x509::Certificate& certificate() const { return issuing_ca_; }

  /// Makes one trial signature to check that the key can be reached and belongs to the certificate.
  [[nodiscard]] Result<void> try_key() const;

  /// Signs, and verifies the signature before the certificate leaves, so that a failing HSM cannot
  /// hand out unusable identities. Blocks as long as the Signer does. Errors are the Signer's, or
  /// Fault::internal for a signature that does not verify.
  [[nodiscard]] Result<x509::Certificate> sign(ApprovedRequest&& request) const;

 private:
  // Revocation lists are the only other thing that its key signs (revocation_list.h).
  friend Result<RevocationList> make_revocation_list(const Issuer&, std::vector<RevokedSerial>,
                                                     const RevocationListTerms&);
  Issuer(x509::Certificate issuing_ca, x509::SignatureAlgorithm algorithm,
         std::shared_ptr<Signer> signer, std::shared_ptr<const x509::Verifier> verifier)
      : issuing_ca_(std::move(issuing_ca)),
        algorithm_(algorithm),
        signer_(std::move(signer)),
        verifier_(std::move(verifier)) {}

  x509::Certificate issuing_ca_;
  x509::SignatureAlgorithm algorithm_;
  std::shared_ptr<Signer> signer_;
  std::shared_ptr<const x509::Verifier> verifier_;
};

}  // namespace imprint::issuance
