// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/event_json.h"
#include "story/sentences.h"

namespace imprint::operator_api {

/// An event as audit/event_json.h writes it, with its sentence for people.
inline encoding::json::object write_event(const trail::Event& event) {
  encoding::json::object out = audit::event_json(event.record);
  out["sentence"] = story::sentence_of(event);
  return out;
}
inline encoding::json::object write_stored_event(const registry::AuditEvent& event) {
  return write_event(trail::read(event));
}

}  // namespace imprint::operator_api
