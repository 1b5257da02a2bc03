// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <utility>

#include "base/clock.h"
#include "telemetry/metrics.h"

namespace imprint::monitoring {

/// What was counted: since the start, or between two moments.
struct Counts {
  std::uint64_t onboarded = 0;
  std::array<std::uint64_t, outcome::kFailureCategories> failed = {};
  std::array<std::uint64_t, telemetry::kHookOutcomes> hooks = {};
  std::uint64_t store_failures = 0;

  [[nodiscard]] std::uint64_t failures() const;
  /// Without handshakes: whoever reaches the port may make as many of those fail as he likes, so
  /// they are shown and say nothing of how the line does.
  [[nodiscard]] std::uint64_t failures_of_units() const;
  [[nodiscard]] std::uint64_t hook(telemetry::HookOutcome outcome) const {
    return hooks[static_cast<std::size_t>(outcome)];
  }
  Counts& operator+=(const Counts& more);
  /// What came since `before`; of what became less, nothing: a counter began anew.
  [[nodiscard]] Counts since(const Counts& before) const;
  friend bool operator==(const Counts&, const Counts&) = default;
};

Counts counts_of(const telemetry::Totals& totals);

/// The last stretch of time of a given length, as it slides, from at most some hundred samples.
class Window {
 public:
  explicit Window(Seconds length) : length_(length) {}

  [[nodiscard]] Seconds length() const { return length_; }
  /// Samples come in the order of time.
  void add(Monotonic at, const Counts& counts);
  /// Between the newest sample and the first one within the length.
  [[nodiscard]] Counts difference() const;

 private:
  static constexpr int kSamples = 120;
  Seconds length_;
  std::deque<std::pair<Monotonic, Counts>> samples_;
};

}  // namespace imprint::monitoring
