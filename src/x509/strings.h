// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

/// The character string and time types of ASN.1, as certificates use them.
namespace imprint::x509 {

bool is_string_tag(std::uint8_t tag);

/// UTF-8 from the content of a string element. Refused: characters outside the string's type, and
/// controls and NUL in any type.
Result<std::string> string_value(std::uint8_t tag, BytesView content);

/// UTF-8 without control characters (C0, DEL, C1).
Result<void> check_text(std::string_view text);

/// UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 restricts them: seconds present, "Z".
Result<Timestamp> time_value(std::uint8_t tag, BytesView content);

/// UTCTime through 2049, GeneralizedTime after; a year outside 1950..9999 is an error.
Result<Bytes> encode_time(Timestamp time);

}  // namespace imprint::x509
