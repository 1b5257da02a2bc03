// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "registry/records.h"

namespace imprint::provisioning {

/// What an operator has to look at soon. A closed list: names are labels of a metric.
enum class Alarm : std::uint8_t {
  duplicate_device,   ///< two keys for one thing: two units with one serial number, or a copy
  key_in_two_places,  ///< one key in live sessions from different addresses: a cloned device
  claim_frozen,       ///< a claim went beyond its budget, or looks leaked
};

std::string_view to_string(Alarm alarm);  ///< "duplicate-device"

/// The step of every alarm in the audit trail.
inline constexpr std::string_view kAlarmStep = "alarm";

/// An alarm is raised by committing this event, together with what caused it where that changes
/// anything; whoever watches the store tells people. `because` says what was seen and what to look
/// at; the caller fills in who and what it is about.
registry::AuditEvent alarm_event(Alarm alarm, std::string_view because);

/// The name of the alarm that an event raises; empty for every other event.
std::string alarm_name_of(const registry::AuditEvent& event);

}  // namespace imprint::provisioning
