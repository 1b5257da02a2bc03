// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "x509/certificate.h"
#include "x509/chain.h"

namespace imprint::fleet {

/// Checks that the certificates issued to devices chain to the root that the devices trust. The
/// chain of each issuing CA is verified once. Its further certificates are checked for its name and
/// signature, their dates, and that they are not CA certificates. One per thread.
class ChainCheck {
 public:
  /// `issuers` are possible intermediate CAs.
  static Result<ChainCheck> make(std::vector<x509::Certificate> roots,
                                 std::vector<x509::Certificate> issuers);

  /// `sent` are the CAs that the server sends in TLS. The caller shows the error to the user.
  Result<void> check(const x509::Certificate& certificate,
                     const std::vector<x509::Certificate>& sent, Timestamp now);

 private:
  ChainCheck(x509::TrustAnchors anchors, std::vector<x509::Certificate> known)
      : anchors_(std::move(anchors)), known_(std::move(known)) {}

  x509::TrustAnchors anchors_;
  std::vector<x509::Certificate> known_;  ///< roots and issuers
  std::unordered_set<CertificateId> proven_;
};

}  // namespace imprint::fleet
