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

/// Somebody who is to be told: a channel's name, and of what.
struct Owed {
  std::string alarm;  ///< id
  std::string channel;
  bool is_resolved = false;
};

/// The alarms there are, and those that were until lately: makes them of findings, with the rules'
/// patience, and keeps account of who has still to be told. One that gets much worse (its level
/// grows) is told again. Not safe from several threads. What
/// changes becomes a change set, with its events for the audit trail.
class Board {
 public:
  static constexpr std::size_t kMostRaised = 200;  ///< of one kind
  static constexpr std::size_t kMostResolved = 500;
  static constexpr auto kKeptResolved = std::chrono::hours(24 * 30);

  explicit Board(Random& random) : random_(random) {}

  /// What an earlier process left. Alarms of kinds that this version does not know are forgotten.
  void load(std::vector<registry::Alarm> alarms);

  /// Who is told from now on; what others were owed is dropped.
  void use_channels(std::vector<std::string> channels);

  /// What the rules of the kinds in `complete` found: all of it, so that an alarm of theirs that
  /// nothing is said about is over.
  void take(std::span<const alarms::Finding> findings, std::span<const alarms::Kind> complete,
            Timestamp now, Monotonic monotonic);

  /// An alarm of one moment, whose event is in the audit trail already. When it is raised, it is
  /// seen again.
  void raise(alarms::Finding point, Timestamp now);
  /// Ends it; nothing when it is not raised.
  void resolve(alarms::Kind kind, const std::string& subject, std::string because, Timestamp now);
  /// Ends those of one moment that did not come again for so long.
  void resolve_quiet(std::span<const alarms::Kind> kinds, Seconds quiet, Timestamp now);

  [[nodiscard]] bool is_raised(alarms::Kind kind, std::string_view subject) const;
  [[nodiscard]] std::vector<std::string> raised_subjects(alarms::Kind kind) const;
  [[nodiscard]] std::size_t count_raised(alarms::Kind kind) const;
  /// Raised ones and resolved ones, newest first.
  [[nodiscard]] std::vector<registry::Alarm> all() const;

  /// What a channel has to tell first; nothing when it owes nothing.
  [[nodiscard]] std::optional<Owed> first_owed(std::string_view channel) const;
  [[nodiscard]] const registry::Alarm* find(std::string_view id) const;
  /// It was told, or given up.
  void settle(const Owed& owed);

  /// The kinds raised since this was last asked, for the metric.
  std::vector<alarms::Kind> take_raised();
  /// The kinds of which there were too many since this was last asked, each once until some end.
  std::vector<alarms::Kind> take_full();

  /// What has to be kept; empty when nothing has changed. Hand what came of the commit to
  /// committed().
  registry::ChangeSet changes(Timestamp now);
  void committed(bool is_kept);
  /// Grows with every change that somebody who looks at the alarms would see.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  struct Entry {
    registry::Alarm alarm;
    alarms::Kind kind;
    std::optional<Monotonic> calm_since = {};
    std::optional<Monotonic> described = {};  ///< when its texts were last made new
    bool is_changed = false;
    bool is_being_kept = false;
  };

  Entry* find_raised(alarms::Kind kind, std::string_view subject);
  /// Nothing when there are too many of its kind.
  Entry* raise_new(const alarms::Finding& finding, Timestamp now);
  void describe(Entry& entry, const alarms::Finding& finding, Timestamp now, Monotonic monotonic);
  void record(const registry::Alarm& alarm, Timestamp now);
  void resolve(Entry& entry, std::string because, Timestamp now);
  void owe(registry::Alarm& alarm, std::string_view what);
  void forget_old(Timestamp now);

  Random& random_;
  std::vector<std::string> channels_;
  std::vector<Entry> entries_;  ///< in the order in which they were raised
  std::vector<registry::AuditEvent> events_;
  std::size_t events_being_kept_ = 0;
  std::vector<std::string> gone_;  ///< ids to be erased
  std::size_t gone_being_kept_ = 0;
  std::vector<alarms::Kind> raised_;
  std::set<alarms::Kind> full_;
  std::vector<alarms::Kind> newly_full_;
  std::uint64_t version_ = 1;
};

}  // namespace imprint::monitoring
