// SPDX-License-Identifier: Apache-2.0
#include "x509/key_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <openssl/bn.h>
#include <openssl/evp.h>

#include "encoding/text.h"
#include "x509/openssl.h"
#include "x509/rsa_numbers.h"

namespace imprint::x509 {

namespace {

constexpr unsigned kRsaBits[] = {2048, 3072, 4096};
constexpr std::uint8_t kExponent65537[] = {1, 0, 1};
constexpr std::uint32_t kMaxSmallFactor = 751;
constexpr std::uint32_t kMaxRocaPrime = 167;
constexpr int kFermatRounds = 110;

constexpr bool is_prime(std::uint32_t n) {
  if (n < 2) return false;
  for (std::uint32_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

constexpr std::size_t count_primes(std::uint32_t last) {
  std::size_t count = 0;
  for (std::uint32_t n = 2; n <= last; ++n) count += is_prime(n) ? 1 : 0;
  return count;
}

constexpr auto kSmallPrimes = [] {
  std::array<std::uint32_t, count_primes(kMaxSmallFactor)> out{};
  std::size_t at = 0;
  for (std::uint32_t n = 2; n <= kMaxSmallFactor; ++n) {
    if (is_prime(n)) out[at++] = n;
  }
  return out;
}();

/// Whether `residue` is a power of 65537 modulo the prime p.
constexpr bool is_power_of_65537(std::uint32_t residue, std::uint32_t p) {
  const std::uint32_t generator = 65537 % p;
  std::uint32_t power = 1;
  do {
    if (power == residue) return true;
    power = power * generator % p;
  } while (power != 1);
  return false;
}

using Number = OpensslPtr<BIGNUM>;

Number make_number() {
  Number out(BN_new());
  IMPRINT_ASSERT(out != nullptr);
  return out;
}

/// The largest s with s * s <= n, by Newton's method from above.
void square_root(BIGNUM* s, const BIGNUM* n, BN_CTX* context) {
  const Number next = make_number();
  BN_zero(s);
  BN_set_bit(s, (BN_num_bits(n) + 1) / 2);
  for (;;) {
    BN_div(next.get(), nullptr, n, s, context);
    BN_add(next.get(), next.get(), s);
    BN_rshift1(next.get(), next.get());
    if (BN_cmp(next.get(), s) >= 0) return;
    BN_swap(s, next.get());
  }
}

bool is_square(const BIGNUM* n, BN_CTX* context) {
  // Squares have 12 of 64 and 16 of 63 residues; this rejects most candidates.
  constexpr auto kSquareResidue = [](std::uint64_t modulus) {
    std::uint64_t mask = 0;
    for (std::uint64_t i = 0; i < modulus; ++i) mask |= std::uint64_t{1} << (i * i % modulus);
    return mask;
  };
  constexpr std::uint64_t k64 = kSquareResidue(64);
  constexpr std::uint64_t k63 = kSquareResidue(63);
  if ((k64 >> BN_mod_word(n, 64) & 1U) == 0 || (k63 >> BN_mod_word(n, 63) & 1U) == 0) return false;
  const Number root = make_number();
  square_root(root.get(), n, context);
  BN_sqr(root.get(), root.get(), context);
  return BN_cmp(root.get(), n) == 0;
}

/// Fermat's method: n = a^2 - b^2 with a near the square root when the primes are close.
bool has_close_primes(const BIGNUM* n, BN_CTX* context) {
  const Number a = make_number();
  const Number b_squared = make_number();
  if (is_square(n, context)) return true;
  square_root(a.get(), n, context);
  BN_add_word(a.get(), 1);
  for (int round = 0; round < kFermatRounds; ++round) {
    BN_sqr(b_squared.get(), a.get(), context);
    BN_sub(b_squared.get(), b_squared.get(), n);
    if (is_square(b_squared.get(), context)) return true;
    BN_add_word(a.get(), 1);
  }
  return false;
}

/// The flawed Infineon library makes primes of the form k * M + (65537^a mod M), M a primorial, so
/// the modulus is a power of 65537 modulo every small prime (Nemec et al., CVE-2017-15361).
bool looks_like_roca(const BIGNUM* n) {
  return std::ranges::all_of(kSmallPrimes, [n](std::uint32_t p) {
    return p == 2 || p > kMaxRocaPrime ||
           is_power_of_65537(static_cast<std::uint32_t>(BN_mod_word(n, p)), p);
  });
}

Result<void> check_rsa(const PublicKey& key) {
  TRY_ASSIGN(const RsaNumbers numbers, read_rsa_numbers(key.key_bytes()));
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

  const Number n(
      BN_bin2bn(numbers.modulus.data(), static_cast<int>(numbers.modulus.size()), nullptr));
  IMPRINT_ASSERT(n != nullptr);
  for (const std::uint32_t p : kSmallPrimes) {
    if (BN_mod_word(n.get(), p) == 0)
      return fail(Fault::invalid, "the RSA modulus is divisible by {}", p);
  }
  if (looks_like_roca(n.get())) {
    return fail(Fault::invalid,
                "the RSA key was made by a generator with the ROCA flaw (CVE-2017-15361)");
  }
  const OpensslPtr<BN_CTX> context(BN_CTX_new());
  IMPRINT_ASSERT(context != nullptr);
  if (has_close_primes(n.get(), context.get()))
    return fail(Fault::invalid, "the RSA modulus is a product of two close primes");
  return {};
}

Result<void> check_ec(const PublicKey& key) {
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
  if (auto handle = to_openssl(key); !handle)
    return fail(Fault::invalid, "the {} point is not on the curve", key.describe());
  return {};
}

}  // namespace

Result<void> check_device_key(const PublicKey& key) {
  switch (key.type()) {
    case KeyType::rsa:
      return check_rsa(key);
    case KeyType::ec_p256:
    case KeyType::ec_p384:
    case KeyType::ec_p521:
      return check_ec(key);
    case KeyType::other:
      break;
  }
  return fail(
      Fault::invalid,
      "the key is {}; RSA with 2048 to 4096 bits and EC on P-256, P-384, P-521 are accepted",
      key.describe());
}

}  // namespace imprint::x509
