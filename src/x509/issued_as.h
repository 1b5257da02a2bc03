// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/certificate_id.h"
#include "x509/name.h"

namespace imprint::x509 {

/// SHA-256 of issuer and serial number (lower-case hex), which all encodings of one signed
/// certificate share. The issuer is its name and, because other CAs may have the same name, its
/// key: the authority key identifier (RFC 5280 section 4.2.1.1; empty when there is none), or the
/// SHA-256 of the certificate's own key when it is self-issued.
Sha256 issued_as(const DistinguishedName& issuer, BytesView issuer_key,
                 std::string_view serial_hex);

}  // namespace imprint::x509
