// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "x509/private_key.h"

namespace imprint::issuance {

/// A new private key. RSA keys come from nettle, which needs less than half the time of OpenSSL
/// (some 50 ms of CPU for 2048 bits) and proves its primes (Pocklington); OpenSSL must then sign
/// and verify with the key, and the key must pass the rules for device keys.
Result<x509::PrivateKey> generate_key(x509::KeyAlgorithm algorithm);

}  // namespace imprint::issuance
