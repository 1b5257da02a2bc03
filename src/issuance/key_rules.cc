// SPDX-License-Identifier: Apache-2.0
#include "issuance/key_rules.h"

#include <algorithm>
#include <cstdint>

#include "encoding/text.h"
#include "x509/openssl.h"
#include "x509/rsa_numbers.h"
#include "x509/weak_rsa.h"

namespace imprint::issuance {

namespace {

constexpr unsigned kRsaBits[] = {2048, 3072, 4096};
constexpr std::uint8_t kExponent65537[] = {1, 0, 1};

Result<void> check_rsa(const x509::PublicKey& key) {
  TRY_ASSIGN(const x509::RsaNumbers numbers, x509::read_rsa_numbers(key.key_bytes()));
  if (std::ranges::find(kRsaBits, key.bits()) == std::end(kRsaBits)) {
    return fail(Fault::invalid, "the RSA modulus has {} bits; 2048, 3072 or 4096 are accepted",
                key.bits());
  }
  if (!std::ranges::equal(numbers.exponent, kExponent65537)) {
    return fail(Fault::invalid, "the RSA exponent is 0x{}; only 65537 (0x010001) is accepted",
                encoding::to_hex(
                    numbers.exponent.first(std::min<std::size_t>(numbers.exponent.size(), 16))));
  }
  if ((numbers.modulus.back() & 1U) == 0) return fail(Fault::invalid, "the RSA modulus is even");

  if (const auto factor = x509::small_factor(numbers.modulus))
    return fail(Fault::invalid, "the RSA modulus is divisible by {}", *factor);
  if (x509::looks_like_roca(numbers.modulus)) {
    return fail(Fault::invalid,
                "the RSA key was made by a generator with the ROCA flaw (CVE-2017-15361)");
  }
  if (x509::has_close_primes(numbers.modulus))
    return fail(Fault::invalid, "the RSA modulus is a product of two close primes");
  return {};
}

Result<void> check_ec(const x509::PublicKey& key) {
  const BytesView point = key.key_bytes();
  const std::size_t expected = 1 + 2 * ((key.bits() + 7) / 8);
  if (point.empty() || point[0] != 0x04) {
    return fail(Fault::invalid,
                "the {} point has form 0x{:02x}; only uncompressed (0x04) is accepted",
                key.describe(), point.empty() ? 0 : point[0]);
  }
  if (point.size() != expected) {
    return fail(Fault::invalid, "the {} point has {} bytes; it must have {}", key.describe(),
                point.size(), expected);
  }
  // The decoder refuses coordinates out of range and points off the curve; these curves have
  // cofactor 1, so nothing else is left to check.
  if (auto handle = x509::to_openssl(key); !handle)
    return fail(Fault::invalid, "the {} point is not on the curve", key.describe());
  return {};
}

}  // namespace

Result<void> check_device_key(const x509::PublicKey& key) {
  switch (key.type()) {
    case x509::KeyType::rsa:
      return check_rsa(key);
    case x509::KeyType::ec_p256:
    case x509::KeyType::ec_p384:
    case x509::KeyType::ec_p521:
      return check_ec(key);
    case x509::KeyType::other:
      break;
  }
  return fail(
      Fault::invalid,
      "the key is {}; RSA with 2048 to 4096 bits and EC on P-256, P-384, P-521 are accepted",
      key.describe());
}

Result<x509::Csr> read_csr(std::string_view pem) {
  return x509::Csr::from_pem(pem, check_device_key);
}

}  // namespace imprint::issuance
