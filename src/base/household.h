// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace imprint {

/// The holder of an address, for shares and budgets: in IPv6 the /64 that one household gets at
/// least (RFC 6177), since it may take any address in it; in IPv4 the address itself, also when it
/// is mapped into IPv6. Text that is not an address is returned unchanged.
std::string household_of(std::string_view address);

}  // namespace imprint
