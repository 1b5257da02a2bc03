// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"
#include "x509/openssl.h"

namespace imprint::x509 {

enum class ChainPurpose { tls_client, tls_server };

/// A set of CA certificates to trust: immutable, safe to share between threads. X509_STORE_CTX
/// verifies chains with purpose, time and security level 2 set, so EKU, CA flags, path lengths,
/// name constraints and SHA-1 are really checked. An intermediate in the set is a trust anchor by
/// itself (AWS lets one register an intermediate CA); leaves are never admitted, since a leaf in
/// such a store would be its own trust anchor.
class TrustAnchors {
 public:
  static Result<TrustAnchors> make(std::span<const Certificate> anchors);

  /// The chain from `leaf` to its trust anchor, both included. Two anchors with the same subject
  /// are distinguished by key. On failure Fault::forbidden with OpenSSL's reason and the depth.
  [[nodiscard]] Result<std::vector<Certificate>> verify(const Certificate& leaf,
                                                        std::span<const Certificate> untrusted,
                                                        Timestamp at, ChainPurpose purpose) const;

 private:
  explicit TrustAnchors(std::shared_ptr<X509_STORE> store) : store_(std::move(store)) {}
  std::shared_ptr<X509_STORE> store_;
};

}  // namespace imprint::x509
