// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "x509/der.h"
#include "x509/extensions.h"

namespace imprint::x509 {

/// The next GeneralName (RFC 5280 section 4.2.1.6). x400Address, ediPartyName, otherName and
/// registeredID are skipped and returned as `other`.
Result<AlternativeName> read_general_name(der::Reader& reader, std::string_view what);

/// dns, email, uri and ip only.
Result<Bytes> write_general_name(const AlternativeName& name);

/// 4 or 16 octets from "192.0.2.1" or "2001:db8::1"; an error otherwise.
Result<Bytes> parse_ip_address(std::string_view text);

}  // namespace imprint::x509
