// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "encoding/json.h"
#include "registry/records.h"

/// What a device did, told to people. Pure: events of the audit trail in, sentences out.
namespace imprint::control_api {

/// One event for programs (audit/event_json.h), with its sentence.
encoding::json::object write_event(const registry::AuditEvent& event);

/// One event as a sentence, with what decided it: "asked for a certificate with its own key".
std::string sentence_of(const registry::AuditEvent& event);

/// Whether the event's certificate is a claim, which many devices share.
bool is_of_claim(const registry::AuditEvent& event);

}  // namespace imprint::control_api
