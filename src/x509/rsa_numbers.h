// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>

#include "base/bytes.h"
#include "base/result.h"
#include "x509/der.h"

namespace imprint::x509 {

/// The two numbers of an RSAPublicKey (RFC 8017 appendix A.1.1), big-endian without leading zeros.
struct RsaNumbers {
  BytesView modulus;
  BytesView exponent;

  [[nodiscard]] unsigned modulus_bits() const {
    if (modulus.empty()) return 0;
    return static_cast<unsigned>((modulus.size() - 1) * 8) +
           static_cast<unsigned>(std::bit_width(modulus[0]));
  }
};

inline Result<RsaNumbers> read_rsa_numbers(BytesView rsa_public_key) {
  TRY_ASSIGN(const der::Element outer,
             der::read_one(rsa_public_key, der::sequence, "RSA public key"));
  der::Reader reader(outer.content);
  TRY_ASSIGN(const BytesView n, reader.integer_bytes("RSA modulus"));
  TRY_ASSIGN(const BytesView e, reader.integer_bytes("RSA exponent"));
  TRY(reader.end("RSA public key"));
  TRY_ASSIGN(const BytesView modulus, der::positive(n, "RSA modulus"));
  TRY_ASSIGN(const BytesView exponent, der::positive(e, "RSA exponent"));
  return RsaNumbers{modulus, exponent};
}

}  // namespace imprint::x509
