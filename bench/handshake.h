// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/pki.h"

namespace imprint::bench {

/// What one mutual TLS 1.3 handshake costs the server, in microseconds of CPU: in memory, as most
/// code sets OpenSSL up, chains verified, X25519, without session tickets. The second yardstick.
double measure_handshake(const Pki& pki);

}  // namespace imprint::bench
