// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "registry/records.h"
#include "trail/event.h"

/// How a device stands, and what an operator does next. Pure: what is known in, a judgement out.
namespace imprint::story {

enum class Standing {
  good,     ///< its own last step went well, its certificate is in use, no alarm is raised
  waiting,  ///< on its way: something has still to be done, by the device or by an operator
  bad,      ///< refused, out of use, or in an alarm
  unknown,  ///< nothing is on record
};
std::string_view to_string(Standing standing);

/// What a device is judged by besides its story.
struct DeviceFacts {
  /// Of the decisive event, as it is now; absent when it does not exist any more.
  std::optional<registry::Certificate> certificate = {};
  bool was_revoked = false;                  ///< it is gone, and a tombstone keeps its key out
  std::vector<registry::Alarm> alarms = {};  ///< raised ones, about this device
  Timestamp now = {};
};

struct Judgement {
  Standing standing;
  std::string next;  ///< what to do, or, of a good one, how it stands
};
Judgement judge(const std::vector<trail::Event>& story, const DeviceFacts& facts);

/// Whether an event is a step of a device's own that went wrong.
bool is_refusal(const trail::Event& event);

/// The event that judge() begins with: the device's own last step, or what brought that about.
/// Operators' changes, alarms and connections that ended by no fault of the device's are no steps
/// of it. Null without one.
const trail::Event* decisive_event(const std::vector<trail::Event>& story);

}  // namespace imprint::story
