// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/random.h"
#include "x509/serial.h"

namespace imprint::issuance {

/// One prefix octet and 136 random bits, 18 octets in all: no counter, so restoring an old database
/// cannot repeat a serial. `prefix` names the issuing instance and is 1..127, which keeps the
/// number positive and its length fixed.
x509::CertificateSerial make_serial(Random& random, std::uint8_t prefix = 1);

}  // namespace imprint::issuance
