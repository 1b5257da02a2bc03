// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hooks/options.h"

namespace imprint::hooks {

/// The state and history of one hook since the server started.
struct HookReport {
  HookOptions options;
  std::string listens = {};    ///< runtime: the address at which workers connect, as ADDRESS:PORT
  std::uint64_t answered = 0;  ///< regardless of the answer
  std::uint64_t failed = 0;
  std::uint64_t timed_out = 0;
  std::size_t running = 0;  ///< at the handler at this moment
  std::size_t waiting = 0;
  bool is_resting = false;  ///< nothing is sent for a while after too many failures in a row
  struct Problem {
    Timestamp time;
    std::string because;
  };
  std::optional<Problem> last_problem = {};
  /// Seconds from request to answer, for the last few hundred, in ascending order.
  std::vector<double> seconds = {};
};

}  // namespace imprint::hooks
