// SPDX-License-Identifier: Apache-2.0
#include "base/household.h"

#include "base/network.h"

namespace imprint {

namespace {

constexpr std::uint8_t kHouseholdBits = 64;

}  // namespace

std::string household_of(std::string_view address) {
  auto network = Network::parse(address);
  if (!network) return std::string(address);
  if (!network->is_v4()) network->prefix = kHouseholdBits;
  return network->first().text();
}

}  // namespace imprint
