// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "issuance/issuer.h"
#include "x509/serial.h"

namespace imprint::issuance {

/// RFC 5280 section 5.3.1, as far as Imprint uses it.
enum class RevocationReason : std::uint8_t {
  unspecified = 0,
  cessation_of_operation = 5,
  certificate_hold = 6,  ///< may be lifted: a certificate that is INACTIVE
};

struct RevokedSerial {
  x509::CertificateSerial serial;
  Timestamp when = {};
  RevocationReason reason = RevocationReason::unspecified;
};

/// When a list was made, when the next one is due, and its number, which grows with each list of an
/// issuer (RFC 5280 section 5.2.3).
struct RevocationListTerms {
  Timestamp this_update = {};
  Timestamp next_update = {};
  std::uint64_t number = 1;
};

/// A signed revocation list: DER, as /crl/{issuer}.crl would serve it. A value.
struct RevocationList {
  Bytes der;
  std::size_t entries = 0;

  /// "BEGIN X509 CRL", as mosquitto and openssl read it.
  [[nodiscard]] std::string pem() const;
};

/// A version 2 list of everything given, each serial once, signed with the issuing CA's own key.
/// Verified with OpenSSL's X509_CRL before it is returned: a list that does not verify is never
/// returned. Reason `unspecified` is left out of the entry, as RFC 5280 asks. Fault::invalid when
/// next_update is not after this_update.
Result<RevocationList> make_revocation_list(const Issuer& issuer,
                                            std::vector<RevokedSerial> revoked,
                                            const RevocationListTerms& terms);

}  // namespace imprint::issuance
