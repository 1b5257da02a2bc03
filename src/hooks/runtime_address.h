// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace imprint::hooks {

/// Where the Lambda Runtime API is served. Whoever reaches it decides over devices, and it asks for
/// no password: so on a loopback address only.
struct RuntimeAddress {
  std::string address;  ///< numeric, without brackets
  std::uint16_t port = 0;

  static Result<RuntimeAddress> parse(std::string_view text);
};

}  // namespace imprint::hooks
