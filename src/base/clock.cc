// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

namespace imprint {

Timestamp SystemClock::now() const {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

Monotonic SystemClock::monotonic() const { return std::chrono::steady_clock::now(); }

}  // namespace imprint
