// SPDX-License-Identifier: Apache-2.0
#include "base/certificate_id.h"

#include "base/name.h"

namespace imprint {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<CertificateId> CertificateId::parse(std::string_view text) {
  const std::string_view digits = text.starts_with("0x") ? text.substr(2) : text;
  Sha256 digest{};
  bool good = digits.size() == digest.size() * 2;
  for (std::size_t i = 0; good && i < digest.size(); ++i) {
    const int high = hex_digit(digits[2 * i]);
    const int low = hex_digit(digits[2 * i + 1]);
    good = high >= 0 && low >= 0;
    if (good) digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (!good) {
    return fail(Fault::invalid, "{} is not a certificate id: 64 hexadecimal digits are needed",
                quote(text));
  }
  return CertificateId(digest);
}

std::string CertificateId::hex() const {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(digest_.size() * 2);
  for (const std::uint8_t b : digest_) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

}  // namespace imprint
