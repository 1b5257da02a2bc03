// SPDX-License-Identifier: Apache-2.0
#include "base/certificate_id.h"

#include "base/name.h"

namespace imprint {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

int digit_value(char c) {
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  const auto at = kDigits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

Result<CertificateId> CertificateId::parse(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  Sha256 digest{};
  if (digits.size() != 2 * digest.size()) {
    return fail(Fault::invalid, "certificate id {} has {} characters; it must have {}", quote(text),
                digits.size(), 2 * digest.size());
  }
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = digit_value(digits[2 * i]);
    const int low = digit_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) {
      return fail(Fault::invalid, "certificate id {} is not hexadecimal at position {}",
                  quote(text), 2 * i);
    }
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return CertificateId(digest);
}

std::string CertificateId::hex() const {
  std::string out;
  out.reserve(2 * digest_.size());
  for (const std::uint8_t b : digest_) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

}  // namespace imprint
