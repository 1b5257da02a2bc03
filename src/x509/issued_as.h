// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/certificate_id.h"
#include "x509/name.h"

namespace imprint::x509 {

/// SHA-256 of issuer and serial number (lower-case hex): what all encodings of one signed
/// certificate share.
Sha256 issued_as(const DistinguishedName& issuer, std::string_view serial_hex);

}  // namespace imprint::x509
