// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "alarms/kind.h"
#include "alarms/rules.h"
#include "base/clock.h"
#include "base/random.h"
#include "registry/store.h"

namespace imprint::monitoring {

/// A notification that must still be sent over a channel.
struct PendingNotification {
  std::string alarm;  ///< id
  std::string channel;
  bool is_resolved = false;
};

/// The raised and recently resolved alarms. Derives them from findings, applies the hold times of
/// the rules, and tracks the notifications that must still be sent. If an alarm gets much worse
/// (its level grows), people are notified again. Not thread-safe. Changes are returned as a change
/// set, with events for the audit trail.
class Board {
 public:
  static constexpr std::size_t kMostRaised = 200;  ///< per kind
  static constexpr std::size_t kMostResolved = 500;
  static constexpr auto kKeptResolved = std::chrono::hours(24 * 30);

  explicit Board(Random& random) : random_(random) {}

  /// Loads the alarms of an earlier process. Alarms of unknown kinds are deleted.
  void load(std::vector<registry::Alarm> alarms);

  /// Sets the channels. Pending notifications for other channels are dropped.
  void use_channels(std::vector<std::string> channels);

  /// Applies the findings of rules. For the kinds in `complete`, `findings` must be complete: their
  /// alarms without a finding are resolved.
  void apply(std::span<const alarms::Finding> findings, std::span<const alarms::Kind> complete,
             Timestamp now, Monotonic monotonic);

  /// Raises an alarm about a single event, which is already in the audit trail; if it is raised
  /// already, updates its time.
  void raise(alarms::Finding point, Timestamp now);
  /// Resolves an alarm; no effect if it is not raised.
  void resolve(alarms::Kind kind, const std::string& subject, std::string because, Timestamp now);
  /// Resolves alarms of `kinds` that were not seen for the time `quiet`.
  void resolve_quiet(std::span<const alarms::Kind> kinds, Seconds quiet, Timestamp now);

  [[nodiscard]] bool is_raised(alarms::Kind kind, std::string_view subject) const;
  [[nodiscard]] std::vector<std::string> raised_subjects(alarms::Kind kind) const;
  [[nodiscard]] std::size_t count_raised(alarms::Kind kind) const;
  /// Raised and resolved alarms, newest first.
  [[nodiscard]] std::vector<registry::Alarm> all() const;

  /// The oldest pending notification of a channel; nullopt if there is none.
  [[nodiscard]] std::optional<PendingNotification> first_pending(std::string_view channel) const;
  [[nodiscard]] const registry::Alarm* find(std::string_view id) const;
  /// Removes a notification that was sent or given up.
  void remove_pending(const PendingNotification& notification);

  /// The kinds raised since the last call, for the metric.
  std::vector<alarms::Kind> take_raised();
  /// The kinds that exceeded kMostRaised since the last call. A kind is not returned again until
  /// one of its alarms is resolved.
  std::vector<alarms::Kind> take_full();

  /// The changes to store; empty if there are none. Report the result of the commit with
  /// committed().
  registry::ChangeSet changes(Timestamp now);
  void committed(bool is_stored);
  /// Grows with every visible change of the alarms.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  struct Entry {
    registry::Alarm alarm;
    alarms::Kind kind;
    std::optional<Monotonic> calm_since = {};
    std::optional<Monotonic> described = {};  ///< when its texts were last updated
    bool is_changed = false;
    bool is_being_stored = false;
  };

  Entry* find_raised(alarms::Kind kind, std::string_view subject);
  /// Null if there are too many of its kind.
  Entry* raise_new(const alarms::Finding& finding, Timestamp now);
  void describe(Entry& entry, const alarms::Finding& finding, Timestamp now, Monotonic monotonic);
  void record(const registry::Alarm& alarm, Timestamp now);
  void resolve(Entry& entry, std::string because, Timestamp now);
  void add_pending(registry::Alarm& alarm, std::string_view what);
  void remove_old(Timestamp now);

  Random& random_;
  std::vector<std::string> channels_;
  std::vector<Entry> entries_;  ///< in the order in which they were raised
  std::vector<registry::AuditEvent> events_;
  std::size_t events_being_stored_ = 0;
  std::vector<std::string> removed_;  ///< ids to be erased
  std::size_t removed_being_stored_ = 0;
  std::vector<alarms::Kind> raised_;
  std::set<alarms::Kind> full_;
  std::vector<alarms::Kind> newly_full_;
  std::uint64_t version_ = 1;
};

}  // namespace imprint::monitoring
