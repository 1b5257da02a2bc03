// SPDX-License-Identifier: Apache-2.0
#include "registry/refusal.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "encoding/json.h"

namespace imprint::registry {

namespace {

/// The values of trail::Outcome for failed steps.
constexpr std::array<std::string_view, 3> kRefused = {"rejected", "denied", "failed"};

}  // namespace

std::string refusal_category(const AuditEvent& event) {
  if (std::ranges::find(kRefused, event.outcome) == kRefused.end()) return {};
  const auto detail = encoding::parse_json(event.detail);
  if (!detail || !detail->is_object()) return {};
  const auto* category = detail->get_object().if_contains("category");
  return category != nullptr && category->is_string() ? std::string(category->get_string()) : "";
}

}  // namespace imprint::registry
