// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace imprint::hooks {

/// Keeps requests from a hook that does not work. Whoever has failed so many times in a row is not
/// let through until a pause is over and one of its requests may try; where so many requests in a
/// row failed and came from several payers, nobody is. One payer alone, whose requests a hook may
/// choke on, closes it to nobody else. A value; one owner.
class Breaker {
 public:
  /// So many payers that failed since somebody succeeded are no longer one's own fault.
  static constexpr std::size_t kPayersForAll = 3;

  Breaker(std::uint32_t failures, Milliseconds pause) : limit_(failures), pause_(pause) {}

  /// Whether a request of this payer may be sent now. After a pause it is true for one request at a
  /// time, and for each payer once in a pause, so that no payer's failures are all that is tried.
  bool admits(const std::string& payer, Monotonic now);

  void succeeded(const std::string& payer);
  void failed(const std::string& payer, Monotonic now);
  /// What was admitted was not sent after all.
  void gave_up(const std::string& payer);

  /// For all.
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] bool is_open_for(const std::string& payer) const;
  [[nodiscard]] bool is_open_for_any() const;

 private:
  struct Failures {
    std::uint32_t in_a_row = 0;
    bool is_trying = false;
    Monotonic rests_until = {};
    bool since_success = false;  ///< of anybody: it is one of `failing_`
  };
  /// So many are remembered; beyond, the one that rests the shortest is forgotten.
  static constexpr std::size_t kMostPayers = 1024;

  Failures& remember(const std::string& payer);

  std::uint32_t limit_;
  Milliseconds pause_;
  std::map<std::string, Failures> payers_;  ///< those whose last request failed
  std::uint32_t in_a_row_ = 0;              ///< whoever's they are
  std::size_t failing_ = 0;                 ///< payers among them
  bool is_open_ = false;
  std::optional<std::string> trying_;  ///< whose request tries for all, while it is open
  Monotonic rests_until_ = {};
};

}  // namespace imprint::hooks
