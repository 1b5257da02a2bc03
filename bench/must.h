// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <utility>

#include "base/result.h"

namespace imprint::bench {

/// The value of a step without which nothing can be measured. Otherwise throws, so that the servers
/// under measurement are stopped with the program.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace imprint::bench
