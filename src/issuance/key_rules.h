// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "x509/csr.h"
#include "x509/public_key.h"

namespace imprint::issuance {

/// Decides whether a key may stand for a device: in a certificate that is issued here, or in one
/// that comes from outside. The error says which rule failed and what was found.
///
/// RSA: modulus of 2048, 3072 or 4096 bits, exponent 65537, modulus odd, no prime factor up to 751,
/// not a product of close primes (Fermat, 110 rounds), not from a ROCA generator (CVE-2017-15361).
/// EC: a named curve P-256, P-384 or P-521, an uncompressed point that lies on it.
/// Everything else is refused. Lengths are checked before any arithmetic (CVE-2023-3446, -6237).
Result<void> check_device_key(const x509::PublicKey& key);

/// A device's request for a certificate, whose key passes check_device_key().
Result<x509::Csr> read_csr(std::string_view pem);

}  // namespace imprint::issuance
