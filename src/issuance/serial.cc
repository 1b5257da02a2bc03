// SPDX-License-Identifier: Apache-2.0
#include "issuance/serial.h"

#include <array>

namespace imprint::issuance {

x509::CertificateSerial make_serial(Random& random, std::uint8_t prefix) {
  constexpr std::size_t kRandomBytes = 17;  // 136 bits
  IMPRINT_ASSERT(prefix >= 1 && prefix <= 127);
  std::array<std::uint8_t, 1 + kRandomBytes> octets{};
  random.fill(octets);
  octets[0] = prefix;
  return *x509::CertificateSerial::from_magnitude(octets);
}

}  // namespace imprint::issuance
