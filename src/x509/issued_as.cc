// SPDX-License-Identifier: Apache-2.0
#include "x509/issued_as.h"

#include "x509/digest.h"

namespace imprint::x509 {

Sha256 issued_as(const DistinguishedName& issuer, BytesView issuer_key,
                 std::string_view serial_hex) {
  // Unambiguous concatenation: DER delimits the Name, and a zero byte ends the serial number.
  Bytes all = issuer.der();
  all.insert(all.end(), serial_hex.begin(), serial_hex.end());
  all.push_back(0);
  all.insert(all.end(), issuer_key.begin(), issuer_key.end());
  return sha256(all);
}

}  // namespace imprint::x509
