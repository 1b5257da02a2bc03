// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/pki.h"

namespace imprint::bench {

/// The server's cost of one mutual TLS 1.3 handshake, in microseconds of CPU: in memory, with
/// OpenSSL set up as in most programs (chains verified, X25519, no session tickets). The second
/// yardstick.
double measure_handshake(const Pki& pki);

}  // namespace imprint::bench
