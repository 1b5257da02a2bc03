// SPDX-License-Identifier: Apache-2.0
#include "issuance/key_generation.h"

#include <nettle/bignum.h>
#include <nettle/rsa.h>
#include <openssl/rand.h>

#include "issuance/key_rules.h"
#include "x509/der.h"
#include "x509/pem.h"

namespace imprint::issuance {

namespace {

/// The numbers that nettle computes, wiped by the destructor: mpz_clear leaves them in memory.
struct RsaNumbers {
  RsaNumbers() {
    rsa_public_key_init(&open);
    rsa_private_key_init(&secret);
  }
  ~RsaNumbers() {
    for (mpz_ptr number : {secret.d, secret.p, secret.q, secret.a, secret.b, secret.c})
      wipe(reinterpret_cast<std::uint8_t*>(number->_mp_d),
           static_cast<std::size_t>(number->_mp_alloc) * sizeof(mp_limb_t));
    rsa_public_key_clear(&open);
    rsa_private_key_clear(&secret);
  }
  RsaNumbers(const RsaNumbers&) = delete;
  RsaNumbers& operator=(const RsaNumbers&) = delete;

  rsa_public_key open{};
  rsa_private_key secret{};
};

void draw(void* failed, std::size_t size, std::uint8_t* out) {
  if (RAND_priv_bytes(out, static_cast<int>(size)) != 1) *static_cast<bool*>(failed) = true;
}

Bytes integer(mpz_srcptr number) {
  Bytes magnitude(nettle_mpz_sizeinbase_256_u(number));
  nettle_mpz_get_str_256(magnitude.size(), magnitude.data(), number);
  Bytes out = x509::der::unsigned_integer(magnitude);
  wipe(magnitude.data(), magnitude.size());
  return out;
}

/// RFC 8017 appendix A.1.2.
Bytes rsa_private_key_der(const RsaNumbers& key) {
  Bytes content;
  const Bytes version = x509::der::unsigned_integer({});
  content.insert(content.end(), version.begin(), version.end());
  for (mpz_srcptr number : {key.open.n, key.open.e, key.secret.d, key.secret.p, key.secret.q,
                            key.secret.a, key.secret.b, key.secret.c}) {
    Bytes one = integer(number);
    content.insert(content.end(), one.begin(), one.end());
    wipe(one.data(), one.size());
  }
  Bytes out = x509::der::element(x509::der::sequence, content);
  wipe(content.data(), content.size());
  return out;
}

Result<x509::PrivateKey> generate_rsa(unsigned bits) {
  constexpr unsigned kExponent = 65537;
  RsaNumbers numbers;
  mpz_set_ui(numbers.open.e, kExponent);
  bool failed = false;
  const int made = rsa_generate_keypair(&numbers.open, &numbers.secret, &failed, &draw, nullptr,
                                        nullptr, bits, 0);
  if (made != 1 || failed) return fail(Fault::internal, "RSA key generation failed");
  Bytes der = rsa_private_key_der(numbers);
  const Secret pem(x509::encode_pem("RSA PRIVATE KEY", der));
  wipe(der.data(), der.size());
  return x509::PrivateKey::from_pem(pem.reveal());
}

/// Checks the key with another library than the one that made it.
Result<void> check(const x509::PrivateKey& key, unsigned bits) {
  if (key.public_key().bits() != bits)
    return fail(Fault::internal, "a generated key has {} bits, not {}", key.public_key().bits(),
                bits);
  TRY(check_device_key(key.public_key()));
  const BytesView message = as_bytes("imprint checks a new key");
  TRY_ASSIGN(const Bytes signature, key.sign(message));
  return key.public_key().verify(key.signature_algorithm(), message, signature);
}

Result<x509::PrivateKey> generate_checked_rsa(unsigned bits) {
  TRY_ASSIGN(x509::PrivateKey key, generate_rsa(bits));
  TRY(check(key, bits));
  return key;
}

}  // namespace

Result<x509::PrivateKey> generate_key(x509::KeyAlgorithm algorithm) {
  switch (algorithm) {
    case x509::KeyAlgorithm::rsa_2048:
      return generate_checked_rsa(2048);
    case x509::KeyAlgorithm::rsa_3072:
      return generate_checked_rsa(3072);
    case x509::KeyAlgorithm::rsa_4096:
      return generate_checked_rsa(4096);
    case x509::KeyAlgorithm::ec_p256:
    case x509::KeyAlgorithm::ec_p384:
      break;
  }
  return x509::PrivateKey::generate(algorithm);
}

}  // namespace imprint::issuance
