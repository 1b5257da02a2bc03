// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace imprint::hooks {

/// The address at which the Lambda Runtime API is served. Anyone who can connect to it
/// can decide which devices are admitted, without a password, so it must be a loopback address.
struct RuntimeAddress {
  std::string address;  ///< numeric, without brackets
  std::uint16_t port = 0;

  static Result<RuntimeAddress> parse(std::string_view text);
};

}  // namespace imprint::hooks
