// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace imprint::encoding {

/// Lower-case hexadecimal.
std::string to_hex(BytesView bytes);
/// Either case; an odd length or another character is an error.
Result<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
std::string to_base64(BytesView bytes);
/// Strict: no line breaks, padding required.
Result<Bytes> from_base64(std::string_view text);

/// RFC 3986 percent-encoding of everything but unreserved characters (the SigV4 alphabet).
/// `keep_slash` leaves '/' as it is.
std::string percent_encode(std::string_view text, bool keep_slash = false);
Result<std::string> percent_decode(std::string_view text);

/// Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

}  // namespace imprint::encoding
