// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace imprint {

/// UTC with millisecond precision: what registry records, certificates and AWS payloads hold.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using Monotonic = std::chrono::steady_clock::time_point;

/// Time is injected: nothing else in src/ reads the system clock. now() is wall-clock time, for
/// what people and certificates read; monotonic() is for deadlines.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
  [[nodiscard]] virtual Monotonic monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] Monotonic monotonic() const override;
};

inline std::int64_t to_milliseconds(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp from_milliseconds(std::int64_t value) { return Timestamp(Milliseconds(value)); }

/// "90s", "5m", "12h", "3650d"; whole numbers only, at most 100 years.
Result<Seconds> parse_duration(std::string_view text);
/// The inverse of parse_duration(), in the largest unit that is exact.
std::string to_duration(Seconds value);

}  // namespace imprint
