// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace imprint::policy {

/// Warnings about accepted policies that may not mean what their author thinks: Deny statements
/// that apply here but would be ignored on AWS (docs/compatibility.md, "Policies"). One sentence
/// each.
std::vector<std::string> warnings(const Policy& policy);

}  // namespace imprint::policy
