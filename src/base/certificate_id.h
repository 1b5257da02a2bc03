// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint {

/// AWS's certificateId and caCertificateId: the SHA-256 of the certificate's DER.
/// A trivially copyable value of 32 bytes, so that indexes over a million devices stay small.
class CertificateId {
 public:
  explicit CertificateId(const Sha256& digest) : digest_(digest) {}

  /// 64 hexadecimal digits of either case, with or without the prefix 0x (AWS IoT API
  /// certificateId: (0x)?[a-fA-F0-9]+).
  static Result<CertificateId> parse(std::string_view text);

  /// 64 lower-case digits.
  [[nodiscard]] std::string hex() const;
  [[nodiscard]] const Sha256& bytes() const { return digest_; }

  friend auto operator<=>(const CertificateId&, const CertificateId&) = default;
  friend bool operator==(const CertificateId&, const CertificateId&) = default;

 private:
  Sha256 digest_;
};

static_assert(std::is_trivially_copyable_v<CertificateId> && sizeof(CertificateId) == 32);

}  // namespace imprint

template <>
struct std::hash<imprint::CertificateId> {
  // A digest is already evenly distributed, so its first word is a good hash.
  std::size_t operator()(const imprint::CertificateId& id) const noexcept {
    std::size_t word = 0;
    std::memcpy(&word, id.bytes().data(), sizeof word);
    return word;
  }
};
