// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "hooks/payer.h"

namespace imprint::hooks {

/// Keeps requests from a hook that does not work. Whoever has failed so many times in a row is not
/// let through until a pause is over and one of its requests may try; a group rests where so many
/// requests in a row failed and came from several of its payers, and everybody where they came from
/// several groups. One payer or one CA alone, whose requests a hook may choke on, closes it to
/// nobody else. A value; one owner.
class Breaker {
 public:
  /// Failures of so many are no longer one's own fault: payers, for their group; groups, for all.
  static constexpr std::size_t kSeveral = 3;

  /// Whom the hook is not asked for.
  enum class Rests : std::uint8_t { nobody, payer, group, all };

  Breaker(std::uint32_t failures, Milliseconds pause) : limit_(failures), pause_(pause) {}

  /// Whether a request of this payer may be sent now. After a pause it is true for one request at a
  /// time, and for each payer once in a pause, so that no payer's failures are all that is tried.
  bool admits(const Payer& payer, Monotonic now);

  void succeeded(const Payer& payer);
  void failed(const Payer& payer, Monotonic now);
  /// What was admitted was not sent after all.
  void gave_up(const Payer& payer);

  /// Of those that this payer is among, the most.
  [[nodiscard]] Rests resting(const Payer& payer) const;
  [[nodiscard]] bool is_open_for_any() const;

 private:
  /// Of one payer.
  struct Failures {
    std::uint32_t in_a_row = 0;
    bool is_trying = false;
    Monotonic rests_until = {};
  };
  /// Of a group, or of all: failures in a row, whoever's of them they are.
  struct Circle {
    std::uint32_t in_a_row = 0;
    std::set<std::string> failing = {};  ///< since somebody of it succeeded; kSeveral at most
    bool rests = false;
    std::optional<std::string> trying = {};  ///< whose request tries for it, while it rests
    Monotonic rests_until = {};
  };
  /// So many payers, and groups, are remembered; beyond, the one that rests the shortest is
  /// forgotten.
  static constexpr std::size_t kMostRemembered = 1024;

  template <class T>
  static T& remember(std::map<std::string, T>& all, const std::string& name);
  [[nodiscard]] static bool may_try(const Circle& circle, Monotonic now);
  /// Whether a try for the circle failed.
  bool fail_in(Circle& circle, const std::string& member, const std::string& payer, Monotonic now);

  std::uint32_t limit_;
  Milliseconds pause_;
  std::map<std::string, Failures> payers_;  ///< those whose last request failed
  std::map<std::string, Circle> groups_;    ///< those whose last request failed
  Circle all_;
};

}  // namespace imprint::hooks
