// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <openssl/types.h>
#include <string>

#include "base/result.h"

/// Owning handles for libcrypto objects. Included by x509/, issuance/ and server/ only; no other
/// folder sees an OpenSSL type.
namespace imprint::x509 {

class Certificate;
class PublicKey;

struct OpensslDeleter {
  void operator()(EVP_PKEY* handle) const;
  void operator()(EVP_PKEY_CTX* handle) const;
  void operator()(EVP_MD_CTX* handle) const;
  void operator()(X509* handle) const;
  void operator()(X509_STORE* handle) const;
  void operator()(X509_STORE_CTX* handle) const;
  void operator()(BIGNUM* handle) const;
  void operator()(BN_CTX* handle) const;
  void operator()(BIO* handle) const;
  void operator()(EVP_CIPHER_CTX* handle) const;
};

template <class T>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter>;
using EvpPkeyPtr = OpensslPtr<EVP_PKEY>;
using X509Ptr = OpensslPtr<X509>;

/// The reason of the oldest queued error of this thread ("key values mismatch"), or "no reason
/// given". Empties the queue: a stale entry would make a later, successful SSL_read look failed.
std::string take_openssl_error();

/// A new handle for the same certificate or key, for SSL_CTX and X509_STORE.
Result<X509Ptr> to_openssl(const Certificate& certificate);
Result<EvpPkeyPtr> to_openssl(const PublicKey& key);

/// Makes the value from the X509* that an SSL or X509_STORE hands over (Fault::invalid when
/// refused).
Result<Certificate> from_openssl(const X509* handle);

}  // namespace imprint::x509
