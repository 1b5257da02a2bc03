// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "registry/records.h"
#include "trail/event.h"

/// The state of a device, and what an operator should do next; pure.
namespace imprint::story {

enum class Standing {
  good,     ///< its own last step went well, its certificate is in use, no alarm is raised
  waiting,  ///< the device or an operator still has to do something
  bad,      ///< refused, out of service, or with a raised alarm
  unknown,  ///< the audit trail has no events of it
};
std::string_view to_string(Standing standing);

/// The facts besides its story by which a device is judged.
struct DeviceFacts {
  /// Current record of the decisive event's certificate; absent if it no longer exists.
  std::optional<registry::Certificate> certificate = {};
  bool was_revoked = false;                  ///< it was deleted, and its key has a tombstone
  std::vector<registry::Alarm> alarms = {};  ///< raised ones, about this device
  Timestamp now = {};
};

struct Judgement {
  Standing standing;
  std::string next;  ///< what to do or, if good, the device's state
};
Judgement judge(const std::vector<trail::Event>& story, const DeviceFacts& facts);

/// Whether an event is a failed step of the device itself.
bool is_refusal(const trail::Event& event);

/// The event that judge() starts from: the last step of the device itself, or the cause of that
/// step. Ignores operators' changes, alarms, and connections that ended through no fault of the
/// device. Null if there is none.
const trail::Event* decisive_event(const std::vector<trail::Event>& story);

}  // namespace imprint::story
