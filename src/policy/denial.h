// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "policy/policy.h"

namespace imprint::policy {

/// The reason for a denial, as explain() states it, for programs.
enum class Denial : std::uint8_t {
  no_policy,      ///< none is attached
  explicit_deny,  ///< a Deny, which no Allow overrides
  no_statement,   ///< no Allow covers the action and the resource
  no_value,       ///< in the nearest Allow, a variable has no value for this connection
  condition,      ///< in the nearest Allow, a condition does not hold
};

/// The reason for a decision that is not "allowed".
Denial denial_of(const Decision& decision, const PolicySet& policies, const Request& request,
                 const Context& context);

}  // namespace imprint::policy
