// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "registry/records.h"
#include "trail/details.h"
#include "trail/steps.h"

/// Events of the audit trail as they are written and read: the registry stores them as text.
namespace imprint::trail {

enum class Outcome : std::uint8_t {
  ok,
  rejected,   ///< a request was answered with an error
  denied,     ///< what somebody may not do
  failed,     ///< it came to nothing
  timed_out,  ///< a hook that did not answer
  lost,       ///< an answer that nobody had subscribed to
  raised,     ///< an alarm
  resolved,   ///< an alarm
  paused,     ///< the journal
  resumed,    ///< the journal
};
inline constexpr std::size_t kOutcomes = 10;
std::string_view to_string(Outcome outcome);
/// One of a later version counts as a failure.
Outcome parse_outcome(std::string_view name);

/// An event to commit: `about` has its time and whom it is about, the rest is filled in here.
registry::AuditEvent record(registry::AuditEvent about, Step step, Outcome outcome,
                            const Told& told = {}, const Detail& detail = {});

/// The same with more detail than it had.
registry::AuditEvent with(registry::AuditEvent event, const Detail& more);

/// An event as it was read.
struct Event {
  registry::AuditEvent record;
  Step step = {};  ///< none: an operation of the REST API
  Outcome outcome = Outcome::ok;
  Told told = {};
  Detail detail = {};

  [[nodiscard]] bool is(Step wanted) const { return step == wanted; }
  [[nodiscard]] bool is_ok() const { return outcome == Outcome::ok; }
  /// A device's own step: connections end for many reasons, one of them that the device did what is
  /// not allowed.
  [[nodiscard]] bool is_of_device() const {
    return step &&
           (step == "disconnect"_step ? static_cast<bool>(told.cause) : step->doer == Doer::device);
  }
  /// The detail, or an empty one where the event tells something else.
  template <class T>
  [[nodiscard]] const T& detail_as() const {
    static const T kEmpty{};
    const T* found = std::get_if<T>(&detail);
    return found == nullptr ? kEmpty : *found;
  }
};

/// Never fails: of an unreadable detail nothing is told.
Event read(registry::AuditEvent stored);
std::vector<Event> read(std::vector<registry::AuditEvent> stored);

}  // namespace imprint::trail
