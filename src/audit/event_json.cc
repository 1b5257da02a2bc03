// SPDX-License-Identifier: Apache-2.0
#include "audit/event_json.h"

#include "encoding/text.h"

namespace imprint::audit {

encoding::json::object event_json(const registry::AuditEvent& event) {
  encoding::json::object out{{"sequence", event.sequence},
                             {"time", static_cast<double>(to_milliseconds(event.time)) / 1000},
                             {"step", event.step},
                             {"outcome", event.outcome}};
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  add("correlationId", event.correlation);
  add("actor", event.actor);
  add("thingName", event.thing);
  add("certificateId", event.certificate);
  add("clientId", event.client);
  add("serialNumber", event.serial_number);
  if (auto detail = encoding::parse_json(event.detail)) out["detail"] = std::move(*detail);
  if (event.hash) out["hash"] = encoding::to_hex(*event.hash);
  return out;
}

}  // namespace imprint::audit
