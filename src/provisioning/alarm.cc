// SPDX-License-Identifier: Apache-2.0
#include "provisioning/alarm.h"

#include "encoding/json.h"

namespace imprint::provisioning {

std::string_view to_string(Alarm alarm) {
  switch (alarm) {
    case Alarm::duplicate_device:
      return "duplicate-device";
    case Alarm::key_in_two_places:
      return "key-in-two-places";
    case Alarm::claim_frozen:
      return "claim-frozen";
  }
  return "unknown";
}

registry::AuditEvent alarm_event(Alarm alarm, std::string_view because) {
  return {.step = std::string(kAlarmStep),
          .outcome = "raised",
          .detail = encoding::to_json(
              encoding::json::object{{"alarm", to_string(alarm)}, {"because", because}})};
}

std::string alarm_name_of(const registry::AuditEvent& event) {
  if (event.step != kAlarmStep) return {};
  const auto detail = encoding::parse_json(event.detail);
  if (!detail || !detail->is_object()) return {};
  const auto* name = detail->get_object().if_contains("alarm");
  return name != nullptr && name->is_string() ? std::string(name->get_string()) : std::string();
}

}  // namespace imprint::provisioning
