// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace imprint::provisioning {

/// How the last character of a text is computed from those before it, which reveals typing errors.
enum class CheckDigit : std::uint8_t {
  luhn,             ///< ISO/IEC 7812-1 annex B: digits, as on payment cards and in IMEIs
  iso7064_mod11_2,  ///< ISO/IEC 7064 MOD 11-2: digits, the last one may be X, as in ISNI and ORCID
  mod10_gs1,        ///< GS1 General Specifications 7.9.1: digits, as in GTIN and SSCC
};

std::string_view to_string(CheckDigit kind);  ///< "luhn", "iso7064-mod11-2", "mod10-gs1"
std::optional<CheckDigit> parse_check_digit(std::string_view text);

/// False for a text of fewer than two characters, or of others than the kind has.
bool has_check_digit(CheckDigit kind, std::string_view text);

}  // namespace imprint::provisioning
