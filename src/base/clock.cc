// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/name.h"

namespace imprint {

namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
// From the largest to the smallest: to_duration() takes the first unit that divides the value.
constexpr auto kUnits = std::to_array<Unit>({{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}});

}  // namespace

Timestamp SystemClock::now() const {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

Monotonic SystemClock::monotonic() const { return std::chrono::steady_clock::now(); }

Result<Seconds> parse_duration(std::string_view text) {
  constexpr std::int64_t kMaxSeconds = std::int64_t{100} * 366 * 86400;
  const std::string_view digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  const auto unit = std::ranges::find(kUnits, text.empty() ? '\0' : text.back(), &Unit::letter);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (unit == kUnits.end() || error != std::errc() || end != digits.data() + digits.size() ||
      number < 0 || number > kMaxSeconds / unit->seconds) {
    return fail(Fault::invalid,
                "{} is not a duration; write a whole number and s, m, h or d, for instance \"90s\" "
                "or \"3650d\" (at most 100 years)",
                quote(text));
  }
  return Seconds(number * unit->seconds);
}

std::string to_duration(Seconds value) {
  const auto unit = std::ranges::find_if(
      kUnits, [&](const Unit& u) { return value.count() != 0 && value.count() % u.seconds == 0; });
  if (unit == kUnits.end()) return fmt::format("{}s", value.count());
  return fmt::format("{}{}", value.count() / unit->seconds, unit->letter);
}

}  // namespace imprint
