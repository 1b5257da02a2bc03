// SPDX-License-Identifier: Apache-2.0
#include "x509/private_key.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "x509/pem.h"

namespace imprint::x509 {

namespace {

/// Text from a memory BIO, whose buffer OpenSSL wipes when it frees it.
std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

OpensslPtr<BIO> memory_bio() {
  OpensslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  IMPRINT_ASSERT(bio != nullptr);
  return bio;
}

EVP_PKEY* generate_handle(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::ec_p256:
      return EVP_EC_gen("P-256");
    case KeyAlgorithm::ec_p384:
      return EVP_EC_gen("P-384");
    case KeyAlgorithm::rsa_2048:
      return EVP_RSA_gen(2048);
    case KeyAlgorithm::rsa_3072:
      return EVP_RSA_gen(3072);
    case KeyAlgorithm::rsa_4096:
      return EVP_RSA_gen(4096);
  }
  return nullptr;
}

const EVP_MD* digest_for(KeyType type) {
  return type == KeyType::ec_p521   ? EVP_sha512()
         : type == KeyType::ec_p384 ? EVP_sha384()
                                    : EVP_sha256();
}

}  // namespace

Result<PrivateKey> PrivateKey::wrap(EvpPkeyPtr key) {
  unsigned char* encoded = nullptr;
  const int size = i2d_PUBKEY(key.get(), &encoded);
  if (size <= 0)
    return fail(Fault::internal, "the public half cannot be encoded: {}", take_openssl_error());
  const Bytes spki(encoded, encoded + size);
  OPENSSL_free(encoded);
  TRY_ASSIGN(PublicKey public_key, PublicKey::from_spki(spki));
  if (public_key.type() == KeyType::other)
    return fail(Fault::invalid, "private keys of type {} are not supported", public_key.describe());
  return PrivateKey(std::move(key), std::move(public_key));
}

Result<PrivateKey> PrivateKey::generate(KeyAlgorithm algorithm) {
  EvpPkeyPtr key(generate_handle(algorithm));
  if (key == nullptr)
    return fail(Fault::internal, "key generation failed: {}", take_openssl_error());
  return wrap(std::move(key));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view text) {
  if (text.find("ENCRYPTED") != std::string_view::npos) {
    return fail(Fault::invalid,
                "the private key is encrypted; decrypt it with `openssl pkey -in FILE`");
  }
  TRY_ASSIGN(PemBlock block, decode_pem(text, {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"},
                                        kMaxPemChars, "private key"));
  const unsigned char* at = block.der.data();
  EvpPkeyPtr key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(block.der.size())));
  const bool all_used = at == block.der.data() + block.der.size();
  wipe(block.der.data(), block.der.size());
  if (key == nullptr || !all_used)
    return fail(Fault::invalid, "the private key cannot be read: {}", take_openssl_error());
  return wrap(std::move(key));
}

Secret PrivateKey::pem_traditional() const {
  const auto bio = memory_bio();
  IMPRINT_ASSERT(PEM_write_bio_PrivateKey_traditional(bio.get(), key_.get(), nullptr, nullptr, 0,
                                                      nullptr, nullptr) == 1);
  return Secret(text_of(bio.get()));
}

Secret PrivateKey::pem_pkcs8() const {
  const auto bio = memory_bio();
  IMPRINT_ASSERT(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                               nullptr) == 1);
  return Secret(text_of(bio.get()));
}

std::string PrivateKey::public_pem() const { return encode_pem("PUBLIC KEY", public_key_.spki()); }

SignatureAlgorithm PrivateKey::signature_algorithm() const {
  switch (public_key_.type()) {
    case KeyType::ec_p256:
      return SignatureAlgorithm::ecdsa_sha256;
    case KeyType::ec_p384:
      return SignatureAlgorithm::ecdsa_sha384;
    case KeyType::ec_p521:
      return SignatureAlgorithm::ecdsa_sha512;
    case KeyType::rsa:
    case KeyType::other:
      break;
  }
  return SignatureAlgorithm::rsa_sha256;
}

Result<Bytes> PrivateKey::sign(BytesView message) const {
  const OpensslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, digest_for(public_key_.type()), nullptr,
                         key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1) {
    return fail(Fault::internal, "signing failed: {}", take_openssl_error());
  }
  signature.resize(size);
  return signature;
}

}  // namespace imprint::x509
