// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace imprint::x509 {

Sha256 sha256(BytesView data);

/// HMAC with SHA-256 (RFC 2104).
Sha256 hmac_sha256(BytesView key, BytesView message);

}  // namespace imprint::x509
