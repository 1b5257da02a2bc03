// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "access/policy.h"

namespace imprint::access {

/// A predefined policy that an access key can be given by name.
struct Role {
  std::string_view name;
  std::string_view what;      ///< description for people
  std::string_view document;  ///< for Policy::parse
};

/// "admin", "read-only", "factory".
std::span<const Role> roles();

/// The role's policy. The Fault::invalid error for an unknown role lists the existing ones.
Result<std::shared_ptr<const Policy>> role_policy(std::string_view name);

}  // namespace imprint::access
