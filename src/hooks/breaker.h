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

/// Keeps requests from a hook that does not work. A payer with this many failures in a row is not
/// admitted until a pause is over, when one of its requests may try. A group rests after this many
/// failures in a row that came from several of its payers, and everybody rests after failures from
/// several groups. A single payer or CA, whose requests may be the cause of the failures, does not
/// block anybody else.
class Breaker {
 public:
  /// The number of failing payers that make it the fault of their group, and the number of failing
  /// groups that make it the fault of the hook.
  static constexpr std::size_t kSeveral = 3;

  /// The callers whose requests are not sent to the hook.
  enum class Rests : std::uint8_t { nobody, payer, group, all };

  Breaker(std::uint32_t failures, Milliseconds pause) : limit_(failures), pause_(pause) {}

  /// Whether a request of this payer may be sent now. After a pause it is true for one request at a
  /// time, and once per pause for each payer, so that one payer's failing requests are not the only
  /// tries.
  bool admits(const Payer& payer, Monotonic now);

  void succeeded(const Payer& payer);
  void failed(const Payer& payer, Monotonic now);
  /// An admitted request was not sent after all.
  void gave_up(const Payer& payer);

  /// The widest rest that covers this payer.
  [[nodiscard]] Rests resting(const Payer& payer) const;
  [[nodiscard]] bool is_open_for_any() const;

 private:
  /// The failures of one payer.
  struct Failures {
    std::uint32_t in_a_row = 0;
    bool is_trying = false;
    Monotonic rests_until = {};
  };
  /// The failures in a row of a group, or of all, regardless of the payer.
  struct Circle {
    std::uint32_t in_a_row = 0;
    std::set<std::string> failing = {};  ///< since the last success of a member; at most kSeveral
    bool rests = false;
    std::optional<std::string> trying = {};  ///< payer whose request tries while it rests
    Monotonic rests_until = {};
  };
  /// The number of payers, and of groups, that are remembered; beyond it, the one with the shortest
  /// rest is forgotten.
  static constexpr std::size_t kMostRemembered = 1024;

  template <class T>
  static T& remember(std::map<std::string, T>& all, const std::string& name);
  [[nodiscard]] static bool may_try(const Circle& circle, Monotonic now);
  /// Whether a try on behalf of the circle failed.
  bool fail_in(Circle& circle, const std::string& member, const std::string& payer, Monotonic now);

  std::uint32_t limit_;
  Milliseconds pause_;
  std::map<std::string, Failures> payers_;  ///< those whose last request failed
  std::map<std::string, Circle> groups_;    ///< those whose last request failed
  Circle all_;
};

}  // namespace imprint::hooks
