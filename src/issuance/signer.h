// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "x509/private_key.h"

namespace imprint::issuance {

/// Holds the issuing key, wherever it is: in a file, a PKCS#11 token, another process. Called from
/// every shard at once; may be slow.
class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual x509::SignatureAlgorithm algorithm() const = 0;
  /// A signature over `message` (not over a digest of it): DER ECDSA-Sig-Value or PKCS#1 v1.5
  /// octets. Fault::unavailable when the key cannot be reached now.
  virtual Result<Bytes> sign(BytesView message) = 0;
};

/// A key file in the deployment directory.
class FileSigner final : public Signer {
 public:
  /// Refuses a file that is not a regular file owned by this user (or root) with mode 0600 or 0400:
  /// a key that others could read is no longer secret.
  static Result<std::unique_ptr<FileSigner>> load(const std::filesystem::path& key_file);
  explicit FileSigner(x509::PrivateKey key) : key_(std::move(key)) {}

  [[nodiscard]] x509::SignatureAlgorithm algorithm() const override;
  Result<Bytes> sign(BytesView message) override;

 private:
  const x509::PrivateKey key_;
};

}  // namespace imprint::issuance
