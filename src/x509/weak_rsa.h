// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

/// Signs that an RSA modulus is easy to factor. The arithmetic only: its cost grows with the
/// modulus (CVE-2023-3446), whose length is for the caller to check (issuance/key_rules.h).
namespace imprint::x509 {

/// The smallest prime up to 751 that divides it.
std::optional<std::uint32_t> small_factor(BytesView modulus);

/// Whether it comes from a ROCA generator (Nemec et al., CVE-2017-15361).
bool looks_like_roca(BytesView modulus);

/// Whether it is a product of two close primes: Fermat's method, 110 rounds.
bool has_close_primes(BytesView modulus);

}  // namespace imprint::x509
