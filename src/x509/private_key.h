// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "x509/algorithm.h"
#include "x509/openssl.h"
#include "x509/public_key.h"

namespace imprint::x509 {

/// A private key in memory: moved, never copied. Immutable once made, so signing from several
/// threads is safe.
class PrivateKey {
 public:
  static constexpr std::size_t kMaxPemChars = 16384;

  /// Uses OpenSSL's generator. RSA takes 50 to 1000 ms of CPU: never call it on an I/O thread.
  static Result<PrivateKey> generate(KeyAlgorithm algorithm);
  /// Exactly one block: PRIVATE KEY (PKCS#8), RSA PRIVATE KEY or EC PRIVATE KEY; not encrypted.
  /// Errors never repeat the input.
  static Result<PrivateKey> from_pem(std::string_view text);

  /// PKCS#1 "BEGIN RSA PRIVATE KEY", as AWS returns it, or SEC 1 "BEGIN EC PRIVATE KEY".
  [[nodiscard]] Secret pem_traditional() const;
  /// PKCS#8 "BEGIN PRIVATE KEY".
  [[nodiscard]] Secret pem_pkcs8() const;

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  /// "BEGIN PUBLIC KEY": the keyPair.PublicKey of CreateKeysAndCertificate.
  [[nodiscard]] std::string public_pem() const;

  /// The algorithm that matches the key: RSA and P-256 with SHA-256, P-384 with SHA-384, P-521 with
  /// SHA-512.
  [[nodiscard]] SignatureAlgorithm signature_algorithm() const;
  [[nodiscard]] Result<Bytes> sign(BytesView message) const;

  /// For issuance/ and server/ only.
  [[nodiscard]] EVP_PKEY* handle() const { return key_.get(); }

 private:
  PrivateKey(EvpPkeyPtr key, PublicKey public_key)
      : key_(std::move(key)), public_key_(std::move(public_key)) {}
  static Result<PrivateKey> wrap(EvpPkeyPtr key);

  EvpPkeyPtr key_;
  PublicKey public_key_;
};

}  // namespace imprint::x509
