// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "x509/private_key.h"

namespace imprint::issuance {

/// A new private key. RSA keys come from nettle, which needs less than half of the time that
/// OpenSSL does (some 50 ms of CPU for 2048 bits) and proves its primes (Pocklington); OpenSSL then
/// has to sign and verify with the key, and it is held to the rules of device keys.
Result<x509::PrivateKey> generate_key(x509::KeyAlgorithm algorithm);

}  // namespace imprint::issuance
