// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::x509 {

/// The signatures that Imprint makes and accepts. SHA-1 and MD5 are missing on purpose, and so is
/// RSASSA-PSS, whose parameters the signer would choose.
enum class SignatureAlgorithm {
  rsa_sha256,
  rsa_sha384,
  rsa_sha512,
  ecdsa_sha256,
  ecdsa_sha384,
  ecdsa_sha512,
};

std::string_view to_string(SignatureAlgorithm algorithm);
bool is_rsa(SignatureAlgorithm algorithm);

/// The DER AlgorithmIdentifier (RFC 4055 section 5, RFC 5758 section 3.2).
Bytes algorithm_identifier(SignatureAlgorithm algorithm);

/// From a DER AlgorithmIdentifier; the error names the algorithm found.
Result<SignatureAlgorithm> parse_signature_algorithm(BytesView algorithm_identifier);

/// Keys that Imprint makes; the spelling in flags and configuration is "ec-p256", "rsa-2048", ...
enum class KeyAlgorithm { ec_p256, ec_p384, rsa_2048, rsa_3072, rsa_4096 };

std::string_view to_string(KeyAlgorithm algorithm);
Result<KeyAlgorithm> parse_key_algorithm(std::string_view text);

}  // namespace imprint::x509
