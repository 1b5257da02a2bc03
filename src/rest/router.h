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
  const OperationInfo* operation;
  PathParameters parameters;
};

/// Finds the row of a request. Immutable once made, any thread.
class Router {
 public:
  /// Asserts that no two rows answer to the same method and path, and that each row's path
  /// parameters are its path inputs.
  Router(std::vector<const OperationInfo*> operations, std::span<const MissingArea> missing);

  /// UnknownOperationException names the method and path, and AWS's operation where it is one that
  /// this server does not have.
  [[nodiscard]] Result<Route> find(std::string_view method, const Target& target) const;

  /// In the order in which they were handed over.
  [[nodiscard]] const std::vector<const OperationInfo*>& operations() const { return operations_; }
  /// AWS IoT's operations that this server does not have.
  [[nodiscard]] std::span<const MissingArea> missing() const { return missing_; }

 private:
  std::vector<const OperationInfo*> operations_;
  std::span<const MissingArea> missing_;
  std::vector<const OperationInfo*> by_precedence_;  ///< literal segments before parameters
};

}  // namespace imprint::rest
