// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "access/policy.h"

namespace imprint::access {

/// A ready-made policy that an access key can be given by name.
struct Role {
  std::string_view name;
  std::string_view what;      ///< for people, one clause
  std::string_view document;  ///< as Policy::parse reads it
};

/// "admin", "read-only", "factory".
std::span<const Role> roles();

/// The role's policy; Fault::invalid names the roles there are.
Result<std::shared_ptr<const Policy>> role_policy(std::string_view name);

}  // namespace imprint::access
