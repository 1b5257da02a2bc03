// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "x509/name.h"
#include "x509/private_key.h"
#include "x509/public_key.h"

namespace imprint::x509 {

/// A certificate signing request (PKCS#10, RFC 2986) whose sender has proved possession of the
/// private key. Only the public key is taken from it: subject, attributes and requested extensions
/// are the sender's wishes and have no accessor.
class Csr {
 public:
  static constexpr std::size_t kMaxPemChars = 4096;  ///< AWS IoT API: certificateSigningRequest

  /// Decides whether a key is accepted. It sees the key before any arithmetic is done with it.
  using KeyRule = Result<void>(const PublicKey&);

  /// Parses and checks, in this order: size, one PEM block, structure, `rule`, signature algorithm,
  /// self-signature. Fault::invalid, InvalidCsr, and a message that names the step and what was
  /// found.
  static Result<Csr> from_pem(std::string_view text, KeyRule rule);
  static Result<Csr> from_der(BytesView der, KeyRule rule);

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  /// SHA-256 of the signed bytes and the signature: the same for every encoding of one signature,
  /// so a different value means that the holder of the key has signed again (RSA is deterministic:
  /// one request, one value).
  [[nodiscard]] const Sha256& proof() const { return proof_; }

 private:
  Csr(PublicKey key, const Sha256& proof) : public_key_(std::move(key)), proof_(proof) {}
  PublicKey public_key_;
  Sha256 proof_;
};

/// A request as a device makes it: subject, public key, no attributes, signed with the device's
/// key.
Result<std::string> make_csr_pem(const PrivateKey& key, const DistinguishedName& subject);

}  // namespace imprint::x509
