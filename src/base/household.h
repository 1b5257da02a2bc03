// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace imprint {

/// The unit to which shares and budgets of an address apply. A household gets at least a /64 of
/// IPv6 (RFC 6177) and can use every address in it, so an IPv6 address counts as its /64. An IPv4
/// address, also one mapped into IPv6, counts as itself. Other text is returned unchanged.
std::string household_of(std::string_view address);

}  // namespace imprint
