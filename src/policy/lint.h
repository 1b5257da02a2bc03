// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace imprint::policy {

/// What is accepted and may mean something else than its author thinks: Deny statements that bind
/// here where they would be silent on AWS (docs/compatibility.md, "Policies"). A sentence each.
std::vector<std::string> warnings(const Policy& policy);

}  // namespace imprint::policy
