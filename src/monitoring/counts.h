// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <utility>

#include "base/clock.h"
#include "telemetry/metrics.h"

namespace imprint::monitoring {

/// Counter values, either since the start or for an interval.
struct Counts {
  std::uint64_t onboarded = 0;
  std::array<std::uint64_t, outcome::kFailureCategories> failed = {};
  std::array<std::uint64_t, telemetry::kHookOutcomes> hooks = {};
  std::uint64_t store_failures = 0;

  [[nodiscard]] std::uint64_t failures() const;
  /// Excludes failed handshakes: anybody who reaches the port can cause any number of them, so they
  /// are shown but do not count as failures of devices.
  [[nodiscard]] std::uint64_t device_failures() const;
  [[nodiscard]] std::uint64_t hook(telemetry::HookOutcome outcome) const {
    return hooks[static_cast<std::size_t>(outcome)];
  }
  Counts& operator+=(const Counts& more);
  /// The difference to `before`; 0 for counters that became smaller because they started again.
  [[nodiscard]] Counts since(const Counts& before) const;
  friend bool operator==(const Counts&, const Counts&) = default;
};

Counts counts_of(const telemetry::Totals& totals);

/// A sliding window over the counters, made from at most about a hundred samples.
class Window {
 public:
  explicit Window(Seconds length) : length_(length) {}

  [[nodiscard]] Seconds length() const { return length_; }
  /// Samples must be added in order of time.
  void add(Monotonic at, const Counts& counts);
  /// The difference between the newest sample and the oldest one of the window.
  [[nodiscard]] Counts difference() const;

 private:
  static constexpr int kSamples = 120;
  Seconds length_;
  std::deque<std::pair<Monotonic, Counts>> samples_;
};

}  // namespace imprint::monitoring
