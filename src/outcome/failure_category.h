// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace imprint::outcome {

/// Why a provisioning request failed: the `category` of imprint_provisioning_failure_total. A
/// closed list; docs/monitoring.md has the same one.
enum class FailureCategory : std::uint8_t {
  invalid_request,
  invalid_csr,
  invalid_parameters,
  invalid_token,
  invalid_certificate,
  not_admitted,
  claim_refused,
  hook_denied,
  hook_failed,
  hook_timed_out,
  template_unavailable,
  template_failed,
  duplicate_device,
  conflict,
  limit_reached,
  throttled,
  unavailable,
  internal,
  topic_refused,
  protocol_fault,
  left_unregistered,
  handshake_refused,
};

inline constexpr std::size_t kFailureCategories = 22;

struct FailureCategoryInfo {
  FailureCategory category;
  std::string_view name;    ///< "hook-denied": the label
  std::string_view title;   ///< for people
  std::string_view remedy;  ///< what to look at next
};

/// In the order of the enum.
std::span<const FailureCategoryInfo, kFailureCategories> failure_categories();

inline const FailureCategoryInfo& info_of(FailureCategory category) {
  return failure_categories()[static_cast<std::size_t>(category)];
}
inline std::string_view to_string(FailureCategory category) { return info_of(category).name; }

std::optional<FailureCategory> find_category(std::string_view name);

}  // namespace imprint::outcome
