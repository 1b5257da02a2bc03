// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace imprint::telemetry {

/// The outcome of a pre-provisioning hook: the `reason` of imprint_hook_rejections_total.
enum class HookOutcome : std::uint8_t { allowed, denied, failed, timed_out };
inline constexpr std::size_t kHookOutcomes = 4;

constexpr std::string_view to_string(HookOutcome outcome) {
  switch (outcome) {
    case HookOutcome::allowed:
      return "ok";
    case HookOutcome::denied:
      return "denied";
    case HookOutcome::failed:
      return "failed";
    case HookOutcome::timed_out:
      return "timed_out";
  }
  return "failed";
}

}  // namespace imprint::telemetry
