// SPDX-License-Identifier: Apache-2.0
#include "x509/openssl.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "x509/certificate.h"

namespace imprint::x509 {

void OpensslDeleter::operator()(EVP_PKEY* handle) const { EVP_PKEY_free(handle); }
void OpensslDeleter::operator()(EVP_PKEY_CTX* handle) const { EVP_PKEY_CTX_free(handle); }
void OpensslDeleter::operator()(EVP_MD_CTX* handle) const { EVP_MD_CTX_free(handle); }
void OpensslDeleter::operator()(X509* handle) const { X509_free(handle); }
void OpensslDeleter::operator()(X509_STORE* handle) const { X509_STORE_free(handle); }
void OpensslDeleter::operator()(X509_STORE_CTX* handle) const { X509_STORE_CTX_free(handle); }
void OpensslDeleter::operator()(BIGNUM* handle) const { BN_clear_free(handle); }
void OpensslDeleter::operator()(BN_CTX* handle) const { BN_CTX_free(handle); }
void OpensslDeleter::operator()(BIO* handle) const { BIO_free_all(handle); }
void OpensslDeleter::operator()(EVP_CIPHER_CTX* handle) const { EVP_CIPHER_CTX_free(handle); }

std::string take_openssl_error() {
  const unsigned long code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "no reason given" : reason;
  ERR_clear_error();
  return text;
}

Result<X509Ptr> to_openssl(const Certificate& certificate) {
  const Bytes& der = certificate.der();
  const unsigned char* at = der.data();
  X509Ptr handle(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (handle == nullptr || at != der.data() + der.size())
    return fail(Fault::invalid, "OpenSSL refuses the certificate: {}", take_openssl_error());
  return handle;
}

namespace {

/// Null for RSA.
const char* group_name(KeyType type) {
  return type == KeyType::ec_p256   ? "P-256"
         : type == KeyType::ec_p384 ? "P-384"
         : type == KeyType::ec_p521 ? "P-521"
                                    : nullptr;
}

/// From the curve's name and the point, which is checked to lie on the curve. Takes a sixth of the
/// time of the SubjectPublicKeyInfo decoder (15 against 97 us), and a CSR needs it twice.
EvpPkeyPtr ec_key(const PublicKey& key) {
  const BytesView point = key.key_bytes();
  // The parameters are not const, but fromdata only reads them.
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                       const_cast<char*>(group_name(key.type())), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                        const_cast<std::uint8_t*>(point.data()), point.size()),
      OSSL_PARAM_construct_end()};
  const OpensslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
    return nullptr;
  }
  return EvpPkeyPtr(made);
}

}  // namespace

Result<EvpPkeyPtr> to_openssl(const PublicKey& key) {
  // Other key types carry parameters of the sender's choice; the decoder must not see them.
  if (key.type() == KeyType::other)
    return fail(Fault::invalid, "keys of type {} are not supported", key.describe());
  if (group_name(key.type()) != nullptr) {
    EvpPkeyPtr handle = ec_key(key);
    if (handle == nullptr)
      return fail(Fault::invalid, "OpenSSL refuses the public key: {}", take_openssl_error());
    return handle;
  }
  const unsigned char* at = key.spki().data();
  EvpPkeyPtr handle(d2i_PUBKEY(nullptr, &at, static_cast<long>(key.spki().size())));
  if (handle == nullptr || at != key.spki().data() + key.spki().size())
    return fail(Fault::invalid, "OpenSSL refuses the public key: {}", take_openssl_error());
  return handle;
}

Result<Certificate> from_openssl(const X509* handle) {
  const int size = i2d_X509(handle, nullptr);
  if (size <= 0)
    return fail(Fault::invalid, "the certificate cannot be encoded: {}", take_openssl_error());
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* at = der.data();
  i2d_X509(handle, &at);
  return Certificate::from_der(der);
}

}  // namespace imprint::x509
