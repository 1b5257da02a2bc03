// SPDX-License-Identifier: Apache-2.0
#include "fleet/failure.h"

#include <array>

namespace imprint::fleet {

std::string_view to_string(Step step) {
  static constexpr std::array<std::string_view, kSteps> kNames = {
      "connect", "subscribe", "create", "register", "reconnect", "publish"};
  return kNames.at(static_cast<std::size_t>(step));
}

std::string_view to_string(Cause cause) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "connect", "tls", "refused", "rejected", "timeout", "closed", "verification", "local"};
  return kNames.at(static_cast<std::size_t>(cause));
}

}  // namespace imprint::fleet
