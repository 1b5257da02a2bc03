// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "x509/openssl.h"

namespace imprint::x509 {

Sha256 sha256(BytesView data);

/// SHA-256 of data that arrives in pieces, such as a file.
class Sha256Stream {
 public:
  Sha256Stream();
  void add(BytesView data);
  /// Call once, at the end.
  Sha256 finish();

 private:
  OpensslPtr<EVP_MD_CTX> context_;
};

/// HMAC with SHA-256 (RFC 2104).
Sha256 hmac_sha256(BytesView key, BytesView message);

}  // namespace imprint::x509
