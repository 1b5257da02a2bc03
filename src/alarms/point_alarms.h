// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "alarms/kind.h"
#include "base/clock.h"
#include "registry/store.h"

namespace imprint::alarms {

/// An alarm about a single event is raised by committing this event, together with the change that
/// caused it if there is one; monitoring/ watches the store and notifies people. `because` says
/// what was observed and what to look at. `about` contains the ids by which `imprint explain` finds
/// it.
registry::AuditEvent alarm_event(Kind kind, std::string_view because, registry::AuditEvent about);

/// The kind of the alarm that an event raises; nullopt for other events.
std::optional<Kind> raised_by(const registry::AuditEvent& event);

/// Raises alarms that do not belong to another change, once per subject and quiet period: a device
/// that is refused a thousand times needs attention only once. One per process, any thread.
class PointAlarms {
 public:
  static constexpr std::chrono::minutes kQuietTime{10};

  PointAlarms(registry::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// `subject` is the name of the thing or other object; `about` contains the ids by which `imprint
  /// explain` finds it. Returns before the commit.
  void raise(Kind kind, std::string subject, std::string_view because, registry::AuditEvent about);

 private:
  using Cause = std::pair<Kind, std::string>;
  /// When there are more, new subjects are not reported until older ones expire.
  static constexpr std::size_t kMaxSubjects = 10'000;
  bool should_raise(const Cause& cause);
  runtime::Task<void> commit(Cause cause, registry::ChangeSet changes);

  registry::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Cause, Monotonic> raised_;
  Monotonic swept_ = {};
};

}  // namespace imprint::alarms
