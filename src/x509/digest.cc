// SPDX-License-Identifier: Apache-2.0
#include "x509/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/error.h"

namespace imprint::x509 {

Sha256 sha256(BytesView data) {
  Sha256 digest{};
  IMPRINT_ASSERT(SHA256(data.data(), data.size(), digest.data()) != nullptr);
  return digest;
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  IMPRINT_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256Stream::add(BytesView data) {
  IMPRINT_ASSERT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
}

Sha256 Sha256Stream::finish() {
  Sha256 digest{};
  IMPRINT_ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  return digest;
}

Sha256 hmac_sha256(BytesView key, BytesView message) {
  Sha256 digest{};
  unsigned size = 0;
  IMPRINT_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(),
                      message.size(), digest.data(), &size) != nullptr);
  IMPRINT_ASSERT(size == digest.size());
  return digest;
}

}  // namespace imprint::x509
