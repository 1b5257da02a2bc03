// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "x509/certificate.h"

namespace imprint::test {

/// The same signed certificate with its P-256 signature (r, s) written as (r, n - s), which also
/// verifies: anyone who has the certificate can make it without the CA.
inline x509::Certificate twin_of(const x509::Certificate& certificate) {
  const auto* der = certificate.der().data();
  const std::unique_ptr<X509, decltype(&X509_free)> copy(
      d2i_X509(nullptr, &der, static_cast<long>(certificate.der().size())), &X509_free);
  const ASN1_BIT_STRING* bits = nullptr;
  X509_get0_signature(&bits, nullptr, copy.get());
  const unsigned char* at = bits->data;
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
      d2i_ECDSA_SIG(nullptr, &at, bits->length), &ECDSA_SIG_free);
  const std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)> group(
      EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), &EC_GROUP_free);
  BIGNUM* r = BN_dup(ECDSA_SIG_get0_r(signature.get()));
  BIGNUM* s = BN_new();
  BN_sub(s, EC_GROUP_get0_order(group.get()), ECDSA_SIG_get0_s(signature.get()));
  ECDSA_SIG_set0(signature.get(), r, s);
  unsigned char* written = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &written);
  ASN1_STRING_set0(const_cast<ASN1_BIT_STRING*>(bits), written, size);
  unsigned char* whole = nullptr;
  const int length = i2d_X509(copy.get(), &whole);
  auto twin = x509::Certificate::from_der({whole, static_cast<std::size_t>(length)});
  OPENSSL_free(whole);
  IMPRINT_ASSERT(twin.has_value() && twin->id() != certificate.id());
  return *twin;
}

}  // namespace imprint::test
