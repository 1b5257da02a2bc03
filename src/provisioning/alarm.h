// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "registry/store.h"

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

/// Raises alarms that go with no other change, each once for the same subject in a while: a device
/// that is refused a thousand times is one thing to look at. One per process, any thread.
class Alarms {
 public:
  static constexpr std::chrono::minutes kQuietTime{10};

  Alarms(registry::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// `subject` names what the alarm is about, such as a thing; `about` carries the ids that
  /// `imprint explain` finds it by. Nobody waits for it.
  void raise(Alarm alarm, std::string subject, std::string_view because,
             registry::AuditEvent about);

 private:
  using Cause = std::pair<Alarm, std::string>;
  /// Beyond them, what is new is not told until some are old: it is told enough.
  static constexpr std::size_t kMaxSubjects = 10'000;
  bool is_news(const Cause& cause);
  runtime::Task<void> commit(Cause cause, registry::ChangeSet changes);

  registry::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Cause, Monotonic> raised_;
  Monotonic swept_ = {};
};

}  // namespace imprint::provisioning
