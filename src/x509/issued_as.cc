// SPDX-License-Identifier: Apache-2.0
#include "x509/issued_as.h"

#include "x509/digest.h"

namespace imprint::x509 {

Sha256 issued_as(const DistinguishedName& issuer, std::string_view serial_hex) {
  // A Name ends where its DER says; the serial number is the rest.
  Bytes both = issuer.der();
  both.insert(both.end(), serial_hex.begin(), serial_hex.end());
  return sha256(both);
}

}  // namespace imprint::x509
