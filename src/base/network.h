// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace imprint {

/// An address range; IPv4 lives in the mapped part of IPv6 (::ffff:0:0/96), so both compare alike.
struct Network {
  std::array<std::uint8_t, 16> address = {};
  std::uint8_t prefix = 128;  ///< Bits, counted in the IPv6 form.

  /// "10.0.0.0/8", "2001:db8::/32", or one address.
  static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const Network& host) const;

  [[nodiscard]] bool is_v4() const;
  /// For a single address, the range that a site usually has: its /24 in IPv4, its /48 in IPv6.
  [[nodiscard]] Network site() const;
  /// The range with all bits after its prefix zero: 10.0.0.0/8 for 10.1.2.3/8.
  [[nodiscard]] Network first() const;
  /// As parse() reads it; a single address has no prefix length.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Network&, const Network&) = default;
};

}  // namespace imprint
