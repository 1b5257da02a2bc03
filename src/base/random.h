// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace imprint {

/// Randomness is injected: serials, tokens and ids draw from here. Safe to call from any thread.
class Random {
 public:
  virtual ~Random() = default;
  /// Fills with unpredictable bytes; ends the process if the system has none (never returns less).
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// The kernel's generator, getrandom(2).
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

/// A version 4 UUID in lower case (RFC 9562 section 5.4).
std::string make_uuid(Random& random);

}  // namespace imprint
