// SPDX-License-Identifier: Apache-2.0
#include "registry/refusal.h"

#include "encoding/json.h"

namespace imprint::registry {

std::string refusal_category(const AuditEvent& event) {
  const auto detail = encoding::parse_json(event.detail);
  if (!detail || !detail->is_object()) return {};
  const auto* category = detail->get_object().if_contains("category");
  return category != nullptr && category->is_string() ? std::string(category->get_string()) : "";
}

}  // namespace imprint::registry
