// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace imprint::x509 {

inline constexpr std::size_t kSealKeyBytes = 32;

/// Encrypts and authenticates with AES-256-GCM (NIST SP 800-38D): nonce (12 bytes, random),
/// ciphertext, tag (16 bytes). `associated` is not stored, but must be the same to open it.
/// `key` has kSealKeyBytes.
Bytes seal(BytesView key, BytesView plain, BytesView associated, Random& random);

/// Opens what seal() produced. Fault::invalid when the key or `associated` differs, or a bit was
/// changed.
Result<Bytes> unseal(BytesView key, BytesView sealed, BytesView associated);

}  // namespace imprint::x509
