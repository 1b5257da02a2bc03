// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::x509 {

/// A certificate's serial number: positive, at most 20 octets (RFC 5280 section 4.1.2.2).
class CertificateSerial {
 public:
  static constexpr std::size_t kMaxBytes = 20;

  /// From a big-endian magnitude; zero and more than 20 octets (with the sign octet) are refused.
  static Result<CertificateSerial> from_magnitude(BytesView magnitude);

  /// Big-endian without leading zeros.
  [[nodiscard]] const Bytes& magnitude() const { return magnitude_; }
  /// Lower-case, two digits per octet.
  [[nodiscard]] std::string hex() const;

  friend bool operator==(const CertificateSerial&, const CertificateSerial&) = default;

 private:
  explicit CertificateSerial(Bytes magnitude) : magnitude_(std::move(magnitude)) {}
  Bytes magnitude_;
};

}  // namespace imprint::x509
