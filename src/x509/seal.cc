// SPDX-License-Identifier: Apache-2.0
#include "x509/seal.h"

#include <openssl/evp.h>

#include "x509/openssl.h"

namespace imprint::x509 {

namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

int length(BytesView bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Bytes seal(BytesView key, BytesView plain, BytesView associated, Random& random) {
  IMPRINT_ASSERT(key.size() == kSealKeyBytes);
  Bytes out(kNonceBytes + plain.size() + kTagBytes);
  random.fill(std::span(out).first(kNonceBytes));
  std::uint8_t* const cipher = out.data() + kNonceBytes;
  const OpensslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  int size = 0;
  IMPRINT_ASSERT(
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), out.data()) == 1);
  IMPRINT_ASSERT(
      EVP_EncryptUpdate(context.get(), nullptr, &size, associated.data(), length(associated)) == 1);
  IMPRINT_ASSERT(EVP_EncryptUpdate(context.get(), cipher, &size, plain.data(), length(plain)) == 1);
  IMPRINT_ASSERT(static_cast<std::size_t>(size) == plain.size());
  IMPRINT_ASSERT(EVP_EncryptFinal_ex(context.get(), cipher + size, &size) == 1);
  IMPRINT_ASSERT(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                                     cipher + plain.size()) == 1);
  return out;
}

Result<Bytes> unseal(BytesView key, BytesView sealed, BytesView associated) {
  IMPRINT_ASSERT(key.size() == kSealKeyBytes);
  if (sealed.size() < kNonceBytes + kTagBytes) {
    return fail(Fault::invalid, "a sealed value of {} bytes is cut off; {} at least are needed",
                sealed.size(), kNonceBytes + kTagBytes);
  }
  const BytesView cipher = sealed.subspan(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  Bytes tag(sealed.end() - kTagBytes, sealed.end());
  Bytes out(cipher.size());
  const OpensslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool opened =
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), sealed.data()) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, associated.data(), length(associated)) ==
          1 &&
      EVP_DecryptUpdate(context.get(), out.data(), &size, cipher.data(), length(cipher)) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out.data() + size, &size) == 1;
  if (opened) return out;
  wipe(out.data(), out.size());
  std::ignore = take_openssl_error();
  return fail(
      Fault::invalid,
      "a sealed value does not open: it was sealed with another key, or has been changed since");
}

}  // namespace imprint::x509
