// SPDX-License-Identifier: Apache-2.0
#include "x509/serial.h"

#include "encoding/text.h"

namespace imprint::x509 {

Result<CertificateSerial> CertificateSerial::from_magnitude(BytesView magnitude) {
  while (!magnitude.empty() && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  if (magnitude.empty()) return fail(Fault::invalid, "a serial number of zero");
  const std::size_t encoded = magnitude.size() + (magnitude[0] >= 0x80 ? 1 : 0);
  if (encoded > kMaxBytes) {
    return fail(Fault::invalid, "a serial number of {} octets; at most {} are allowed", encoded,
                kMaxBytes);
  }
  return CertificateSerial(Bytes(magnitude.begin(), magnitude.end()));
}

std::string CertificateSerial::hex() const { return encoding::to_hex(magnitude_); }

}  // namespace imprint::x509
