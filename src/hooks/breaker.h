// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace imprint::hooks {

/// Keeps requests from a hook that does not work: after so many failures in a row they fail without
/// being sent, until a pause is over and one of them may try. A value; one owner.
class Breaker {
 public:
  Breaker(std::uint32_t failures, Milliseconds pause) : limit_(failures), pause_(pause) {}

  /// Whether a request may be sent now. After the pause it is true for one request, until that one
  /// has succeeded or failed.
  bool admits(Monotonic now) {
    if (!is_open()) return true;
    if (now < rests_until_ || is_trying_) return false;
    is_trying_ = true;
    return true;
  }

  void succeeded() {
    failures_ = 0;
    is_trying_ = false;
  }

  /// True when this failure opens it, or keeps it open for another pause.
  bool failed(Monotonic now) {
    is_trying_ = false;
    if (failures_ < limit_) ++failures_;
    if (!is_open()) return false;
    rests_until_ = now + pause_;
    return true;
  }

  [[nodiscard]] bool is_open() const { return failures_ >= limit_; }

 private:
  std::uint32_t limit_;
  Milliseconds pause_;
  std::uint32_t failures_ = 0;
  bool is_trying_ = false;
  Monotonic rests_until_ = {};
};

}  // namespace imprint::hooks
