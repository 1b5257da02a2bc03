// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "control_api/operation.h"
#include "control_api/target.h"
#include "control_api/validation.h"

namespace imprint::control_api {

struct Route {
  const OperationInfo* operation;
  PathParameters parameters;
};

/// Finds the row of a request. Immutable once made, any thread.
class Router {
 public:
  /// Asserts that no two rows answer to the same method and path, and that each row's path
  /// parameters are its path inputs.
  explicit Router(std::vector<const OperationInfo*> operations);

  /// UnknownOperationException names the method and path, and AWS's operation where it is one that
  /// this server does not have.
  [[nodiscard]] Result<Route> find(std::string_view method, const Target& target) const;

 private:
  std::vector<const OperationInfo*> operations_;  ///< literal segments before parameters
};

/// Every operation of this server.
std::vector<const OperationInfo*> all_operations();

/// AWS IoT's operations that it does not have.
std::span<const MissingArea> missing_operations();

}  // namespace imprint::control_api
