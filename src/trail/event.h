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

/// The same event with more detail.
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
  /// Whether the device itself took this step. A connection that ended counts only if the device
  /// broke a rule.
  [[nodiscard]] bool is_of_device() const {
    return step &&
           (step == "disconnect"_step ? static_cast<bool>(told.cause) : step->doer == Doer::device);
  }
  /// The detail, or an empty one where the event tells something else.
  template <class T>
  [[nodiscard]] const T& detail_as() const {
    static const T empty{};
    const T* found = std::get_if<T>(&detail);
    return found == nullptr ? empty : *found;
  }
};

/// Never fails: what cannot be read of a detail stays empty.
Event read(registry::AuditEvent stored);
std::vector<Event> read(std::vector<registry::AuditEvent> stored);

}  // namespace imprint::trail
