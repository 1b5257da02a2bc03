// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "policy/policy.h"

namespace imprint::policy {

/// What explain() says of a denial, for programs.
enum class Denial : std::uint8_t {
  no_policy,      ///< none is attached
  explicit_deny,  ///< a Deny, which no Allow opens
  no_statement,   ///< no Allow has the action and the resource
  no_value,       ///< of the Allow that came nearest: a variable has no value for this connection
  condition,      ///< of that one: a condition does not hold
};

/// Of a decision that is no.
Denial denial_of(const Decision& decision, const PolicySet& policies, const Request& request,
                 const Context& context);

}  // namespace imprint::policy
