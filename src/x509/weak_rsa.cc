// SPDX-License-Identifier: Apache-2.0
#include "x509/weak_rsa.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <openssl/bn.h>

#include "x509/openssl.h"

namespace imprint::x509 {

namespace {

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

Number to_number(BytesView modulus) {
  Number out(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
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
bool factors_by_fermat(const BIGNUM* n, BN_CTX* context) {
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

}  // namespace

std::optional<std::uint32_t> small_factor(BytesView modulus) {
  const Number n = to_number(modulus);
  const auto* found = std::ranges::find_if(
      kSmallPrimes, [&](std::uint32_t p) { return BN_mod_word(n.get(), p) == 0; });
  return found == kSmallPrimes.end() ? std::nullopt : std::optional(*found);
}

/// The flawed Infineon library makes primes of the form k * M + (65537^a mod M), M a primorial, so
/// the modulus is a power of 65537 modulo every small prime.
bool looks_like_roca(BytesView modulus) {
  const Number n = to_number(modulus);
  return std::ranges::all_of(kSmallPrimes, [&](std::uint32_t p) {
    return p == 2 || p > kMaxRocaPrime ||
           is_power_of_65537(static_cast<std::uint32_t>(BN_mod_word(n.get(), p)), p);
  });
}

bool has_close_primes(BytesView modulus) {
  const OpensslPtr<BN_CTX> context(BN_CTX_new());
  IMPRINT_ASSERT(context != nullptr);
  return factors_by_fermat(to_number(modulus).get(), context.get());
}

}  // namespace imprint::x509
