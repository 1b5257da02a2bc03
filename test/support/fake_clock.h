// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "test/support/test_ca.h"

namespace imprint::test {

/// A clock that stands still until a test moves it.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return now_; }
  [[nodiscard]] Monotonic monotonic() const override { return monotonic_; }
  void advance(Milliseconds by) {
    now_ += by;
    monotonic_ += by;
  }

 private:
  Timestamp now_ = kToday;
  Monotonic monotonic_ = {};
};

}  // namespace imprint::test
