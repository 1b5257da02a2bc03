// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint {

/// The name AWS IoT gives a certificate: SHA-256 of its DER, written as 64 lower-case hex digits.
class CertificateId {
 public:
  explicit CertificateId(const Sha256& digest) : digest_(digest) {}

  /// 64 hex digits of either case, optionally after "0x" (AWS IoT API, certificateId).
  static Result<CertificateId> parse(std::string_view text);

  [[nodiscard]] const Sha256& digest() const { return digest_; }
  [[nodiscard]] std::string hex() const;

  friend auto operator<=>(const CertificateId&, const CertificateId&) = default;
  friend bool operator==(const CertificateId&, const CertificateId&) = default;

 private:
  Sha256 digest_;
};

}  // namespace imprint

template <>
struct std::hash<imprint::CertificateId> {
  // The digest is uniform already: its first bytes are as good a hash as any.
  std::size_t operator()(const imprint::CertificateId& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.digest().data(), sizeof value);
    return value;
  }
};
