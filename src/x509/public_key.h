// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "x509/algorithm.h"

namespace imprint::x509 {

enum class KeyType { rsa, ec_p256, ec_p384, ec_p521, other };

/// A SubjectPublicKeyInfo: a value. Reading one does no arithmetic on it.
class PublicKey {
 public:
  /// One DER SubjectPublicKeyInfo of at most 4096 bytes. RSA keys and named NIST curves are
  /// recognised; everything else (explicit curve parameters, Ed25519, ...) has the type `other` and
  /// can be carried, but neither used to verify nor certified.
  static Result<PublicKey> from_spki(BytesView der);

  [[nodiscard]] const Bytes& spki() const { return spki_; }
  [[nodiscard]] KeyType type() const { return type_; }
  /// Length of the RSA modulus or of the curve's field; 0 for other.
  [[nodiscard]] unsigned bits() const { return bits_; }
  /// "RSA 2048", "EC P-256", or the algorithm's object identifier.
  [[nodiscard]] std::string describe() const;
  [[nodiscard]] Sha256 sha256() const;
  /// The content of the subjectPublicKey BIT STRING, from which key identifiers are computed.
  [[nodiscard]] BytesView key_bytes() const;

  /// Checks a signature over `message`. Fault::invalid means that it does not verify, or that key
  /// and algorithm do not match.
  [[nodiscard]] Result<void> verify(SignatureAlgorithm algorithm, BytesView message,
                                    BytesView signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) { return a.spki_ == b.spki_; }

 private:
  PublicKey() = default;

  Bytes spki_;
  KeyType type_ = KeyType::other;
  unsigned bits_ = 0;
  std::string algorithm_oid_;
};

/// A public key prepared for many verifications: decoding it costs more than checking a signature.
/// Immutable, safe to share between threads.
class Verifier {
 public:
  static Result<std::shared_ptr<const Verifier>> make(const PublicKey& key);
  virtual ~Verifier() = default;
  [[nodiscard]] virtual Result<void> verify(SignatureAlgorithm algorithm, BytesView message,
                                            BytesView signature) const = 0;
};

/// RFC 5280 section 4.2.1.2 method 1 with SHA-256 cut to 160 bits (RFC 7093 section 2 method 1).
Bytes key_identifier(const PublicKey& key);

}  // namespace imprint::x509
