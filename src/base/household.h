// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace imprint {

/// Who has an address, for shares and budgets: in IPv6 the /64 that one household gets at least
/// (RFC 6177), since it may take any address in it; an IPv4 address itself, also when it comes
/// mapped into IPv6. Text that is no address stands for itself.
std::string household_of(std::string_view address);

}  // namespace imprint
