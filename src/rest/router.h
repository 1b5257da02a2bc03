// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rest/operation.h"
#include "rest/target.h"
#include "rest/validation.h"

namespace imprint::rest {

struct Route {
  const Operation* operation;
  PathParameters parameters;
};

/// Finds the operation for a request. Immutable, so any thread may use it.
class Router {
 public:
  /// Asserts that no two rows answer to the same method and path, and that each row's path
  /// parameters are its path inputs.
  Router(Operations operations, std::span<const MissingArea> missing);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// UnknownOperationException names the method and path, and AWS's operation where it is one that
  /// this server does not have.
  [[nodiscard]] Result<Route> find(std::string_view method, const Target& target) const;

  /// In the order of the tables.
  [[nodiscard]] const Operations& operations() const { return operations_; }
  /// AWS IoT's operations that this server does not have.
  [[nodiscard]] std::span<const MissingArea> missing() const { return missing_; }

 private:
  const Operations operations_;
  std::span<const MissingArea> missing_;
  std::vector<const Operation*> by_precedence_;  ///< literal segments before parameters
};

}  // namespace imprint::rest
