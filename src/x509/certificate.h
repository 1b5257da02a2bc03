// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/certificate_id.h"
#include "base/clock.h"
#include "base/result.h"
#include "x509/algorithm.h"
#include "x509/extensions.h"
#include "x509/name.h"
#include "x509/public_key.h"

namespace imprint::x509 {

/// An X.509 certificate (version 1 or 3): an immutable value, cheap to copy, safe to share between
/// threads. Reading one proves nothing: see verify_signed_by and TrustAnchors.
class Certificate {
 public:
  static constexpr std::size_t kMaxPemChars = 65536;
  static constexpr std::size_t kMaxDerBytes = 49152;

  /// Exactly one PEM block, nothing else in the text (the CA rule of AWS: caCertificate 1..65536).
  static Result<Certificate> from_pem(std::string_view text);
  /// Exactly one DER certificate. Malformed names, times, known extensions and trailing bytes are
  /// refused with Fault::invalid; the message names the part.
  static Result<Certificate> from_der(BytesView der);

  [[nodiscard]] const Bytes& der() const;
  /// One block, LF line ends, trailing LF.
  [[nodiscard]] std::string pem() const;
  /// AWS's certificateId: SHA-256 of the DER.
  [[nodiscard]] const CertificateId& id() const;

  [[nodiscard]] int version() const;  ///< 1, 2 or 3
  /// Lower-case hexadecimal of the serial's octets ("-" before a negative one).
  [[nodiscard]] const std::string& serial_hex() const;
  /// SHA-256 of issuer and serial number, which all encodings of one signed certificate share. An
  /// ECDSA signature has a second form that verifies as well, so id() identifies only one encoding.
  [[nodiscard]] Sha256 issued_as() const;
  [[nodiscard]] const DistinguishedName& subject() const;
  [[nodiscard]] const DistinguishedName& issuer() const;
  [[nodiscard]] Timestamp not_before() const;
  [[nodiscard]] Timestamp not_after() const;
  [[nodiscard]] const PublicKey& public_key() const;
  [[nodiscard]] const Extensions& extensions() const;

  /// BasicConstraints say CA:TRUE, and KeyUsage, when present, allows keyCertSign.
  [[nodiscard]] bool is_ca() const;
  /// Subject and issuer are the same bytes (this says nothing about the signature).
  [[nodiscard]] bool is_self_issued() const;

  /// Checks that `issuer` is named as this certificate's issuer and that its key made the
  /// signature. Not a chain check: no validity, purpose, path length or CA flag; use TrustAnchors
  /// for those.
  [[nodiscard]] Result<void> verify_signed_by(const Certificate& issuer) const;

  /// Two certificates are the same when their bytes are.
  friend bool operator==(const Certificate& a, const Certificate& b) { return a.id() == b.id(); }

 private:
  struct Data;
  explicit Certificate(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

}  // namespace imprint::x509
