// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace imprint::x509 {

/// The `code` of an error about a signature of a kind that nothing here accepts (SHA-1, DSA):
/// whoever made it, it proves nothing.
inline constexpr std::string_view kSignatureNotAccepted = "SignatureNotAccepted";

}  // namespace imprint::x509
