// SPDX-License-Identifier: Apache-2.0
#include "monitoring/board.h"

#include <algorithm>

#include "alarms/point_alarms.h"
#include "encoding/json.h"
#include "trail/event.h"

namespace imprint::monitoring {

namespace {

using alarms::Finding;
using alarms::Kind;
using registry::Alarm;

/// The most events for the audit trail that wait for the store.
constexpr std::size_t kMostWaitingEvents = 1'000;
/// The texts of a raised alarm are updated at most this often.
constexpr std::chrono::minutes kDescribePeriod{1};

constexpr std::string_view kRaised = "raised";
constexpr std::string_view kResolved = "resolved";

/// An entry of Alarm::owed.
std::string owed_entry(std::string_view channel, std::string_view what) {
  return fmt::format("{} {}", channel, what);
}

/// Copies the texts of a finding into a raised alarm.
void set_texts(Alarm& alarm, const Finding& finding) {
  alarm.because = finding.because;
  alarm.next = finding.next;
  alarm.commands = finding.commands;
  alarm.serial_number = finding.device.serial_number;
  alarm.client = finding.device.client;
  alarm.level = finding.level;
}

/// The audit event for an alarm, with the ids by which `imprint explain` finds it.
registry::AuditEvent event_of(const Alarm& alarm, Timestamp now) {
  const bool is_claim = alarm.subject_kind == "claim" || alarm.subject_kind == "batch";
  registry::AuditEvent about{.time = now};
  if (alarm.subject_kind == "thing") about.thing = alarm.subject;
  if (is_claim || alarm.subject_kind == "certificate") about.certificate = alarm.subject;
  return trail::record(
      std::move(about), "alarm"_step,
      alarm.resolved ? trail::Outcome::resolved : trail::Outcome::raised,
      {.is_of_claim = is_claim, .because = alarm.resolved ? alarm.resolved_because : alarm.because},
      trail::AlarmTold{.kind = alarm.kind,
                       .since = to_milliseconds(alarm.since) / 1000,
                       .next = alarm.resolved ? std::string() : alarm.next});
}

}  // namespace

void Board::load(std::vector<Alarm> loaded) {
  std::ranges::sort(loaded, {}, &Alarm::since);
  for (Alarm& alarm : loaded) {
    const auto kind = alarms::parse_kind(alarm.kind);
    if (!kind) {
      removed_.push_back(alarm.id);
      continue;
    }
    entries_.push_back({.alarm = std::move(alarm), .kind = *kind});
  }
  ++version_;
}

void Board::use_channels(std::vector<std::string> channels) {
  channels_ = std::move(channels);
  for (Entry& entry : entries_) {
    const auto removed = std::erase_if(entry.alarm.owed, [&](const std::string& owed) {
      return std::ranges::none_of(channels_, [&](const std::string& channel) {
        return owed == owed_entry(channel, kRaised) || owed == owed_entry(channel, kResolved);
      });
    });
    if (removed > 0) entry.is_changed = true;
  }
}

Board::Entry* Board::find_raised(Kind kind, std::string_view subject) {
  const auto it = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.kind == kind && !entry.alarm.resolved && entry.alarm.subject == subject;
  });
  return it == entries_.end() ? nullptr : &*it;
}

bool Board::is_raised(Kind kind, std::string_view subject) const {
  return const_cast<Board*>(this)->find_raised(kind, subject) != nullptr;
}

std::vector<std::string> Board::raised_subjects(Kind kind) const {
  std::vector<std::string> out;
  for (const Entry& entry : entries_) {
    if (entry.kind == kind && !entry.alarm.resolved) out.push_back(entry.alarm.subject);
  }
  return out;
}

std::size_t Board::count_raised(Kind kind) const { return raised_subjects(kind).size(); }

void Board::add_pending(Alarm& alarm, std::string_view what) {
  for (const std::string& channel : channels_) {
    std::string owed = owed_entry(channel, what);
    if (std::ranges::find(alarm.owed, owed) == alarm.owed.end())
      alarm.owed.push_back(std::move(owed));
  }
}

void Board::record(const Alarm& alarm, Timestamp now) {
  if (events_.size() < kMostWaitingEvents) events_.push_back(event_of(alarm, now));
}

Board::Entry* Board::raise_new(const Finding& finding, Timestamp now) {
  if (count_raised(finding.kind) >= kMostRaised) {
    if (full_.insert(finding.kind).second) newly_full_.push_back(finding.kind);
    return nullptr;
  }
  Alarm alarm{.id = make_uuid(random_),
              .kind = std::string(alarms::to_string(finding.kind)),
              .subject = finding.subject,
              .subject_kind = finding.subject_kind,
              .since = now,
              .seen = now};
  set_texts(alarm, finding);
  add_pending(alarm, kRaised);
  entries_.push_back({.alarm = std::move(alarm), .kind = finding.kind, .is_changed = true});
  raised_.push_back(finding.kind);
  ++version_;
  return &entries_.back();
}

void Board::describe(Entry& entry, const Finding& finding, Timestamp now, Monotonic monotonic) {
  const bool is_worse = finding.level > entry.alarm.level;
  const bool is_new = finding.because != entry.alarm.because &&
                      (!entry.described || monotonic - *entry.described >= kDescribePeriod);
  if (!is_worse && !is_new) return;
  const std::int64_t level = entry.alarm.level;
  set_texts(entry.alarm, finding);
  entry.alarm.level = std::max(level, entry.alarm.level);
  entry.described = monotonic;
  entry.is_changed = true;
  ++version_;
  if (!is_worse) return;
  add_pending(entry.alarm, kRaised);
  record(entry.alarm, now);
}

void Board::resolve(Entry& entry, std::string because, Timestamp now) {
  entry.alarm.resolved = now;
  entry.alarm.resolved_because = std::move(because);
  add_pending(entry.alarm, kResolved);
  record(entry.alarm, now);
  full_.erase(entry.kind);
  entry.is_changed = true;
  ++version_;
}

void Board::apply(std::span<const Finding> findings, std::span<const Kind> complete, Timestamp now,
                  Monotonic monotonic) {
  for (const Finding& finding : findings) {
    Entry* const raised = find_raised(finding.kind, finding.subject);
    if (raised == nullptr) {
      if (finding.state != Finding::State::bad) continue;
      if (const Entry* const entry = raise_new(finding, now)) record(entry->alarm, now);
      continue;
    }
    if (finding.state != Finding::State::calm) {
      raised->calm_since.reset();
      raised->alarm.seen = now;
      if (finding.state == Finding::State::bad) describe(*raised, finding, now, monotonic);
      continue;
    }
    if (!raised->calm_since) raised->calm_since = monotonic;
    if (monotonic - *raised->calm_since >= finding.hold) resolve(*raised, finding.because, now);
  }
  for (Entry& entry : entries_) {
    if (entry.alarm.resolved || std::ranges::find(complete, entry.kind) == complete.end()) continue;
    const bool is_found = std::ranges::any_of(findings, [&](const Finding& finding) {
      return finding.kind == entry.kind && finding.subject == entry.alarm.subject;
    });
    if (!is_found) resolve(entry, "the condition no longer exists or is no longer monitored", now);
  }
  remove_old(now);
}

void Board::raise(Finding point, Timestamp now) {
  if (Entry* const raised = find_raised(point.kind, point.subject)) {
    raised->alarm.seen = now;
    raised->is_changed = true;
    return;
  }
  raise_new(point, now);
}

void Board::resolve(Kind kind, const std::string& subject, std::string because, Timestamp now) {
  if (Entry* const raised = find_raised(kind, subject)) resolve(*raised, std::move(because), now);
}

void Board::resolve_quiet(std::span<const Kind> kinds, Seconds quiet, Timestamp now) {
  for (Entry& entry : entries_) {
    const bool is_selected = std::ranges::find(kinds, entry.kind) != kinds.end();
    if (entry.alarm.resolved || !is_selected || now - entry.alarm.seen < quiet) continue;
    resolve(entry, fmt::format("it did not happen again for {}", to_duration(quiet)), now);
  }
}

std::vector<Alarm> Board::all() const {
  std::vector<Alarm> out;
  for (auto it = entries_.rbegin(); it != entries_.rend(); ++it) out.push_back(it->alarm);
  return out;
}

const Alarm* Board::find(std::string_view id) const {
  for (const Entry& entry : entries_) {
    if (entry.alarm.id == id) return &entry.alarm;
  }
  return nullptr;
}

std::optional<PendingNotification> Board::first_pending(std::string_view channel) const {
  const std::string raised = owed_entry(channel, kRaised);
  const std::string resolved = owed_entry(channel, kResolved);
  for (const Entry& entry : entries_) {
    for (const std::string& owed : entry.alarm.owed) {
      if (owed == raised || owed == resolved)
        return PendingNotification{entry.alarm.id, std::string(channel), owed == resolved};
    }
  }
  return std::nullopt;
}

void Board::remove_pending(const PendingNotification& notification) {
  const std::string entry_text =
      owed_entry(notification.channel, notification.is_resolved ? kResolved : kRaised);
  for (Entry& entry : entries_) {
    if (entry.alarm.id == notification.alarm && std::erase(entry.alarm.owed, entry_text) > 0)
      entry.is_changed = true;
  }
}

void Board::remove_old(Timestamp now) {
  auto resolved = static_cast<std::size_t>(std::ranges::count_if(
      entries_, [](const Entry& entry) { return entry.alarm.resolved.has_value(); }));
  std::erase_if(entries_, [&](const Entry& entry) {
    if (!entry.alarm.resolved) return false;
    // Alarms with pending notifications are kept until these are sent or given up.
    const bool is_too_many = resolved > kMostResolved && entry.alarm.owed.empty();
    if (!is_too_many && now - *entry.alarm.resolved <= kKeptResolved) return false;
    --resolved;
    removed_.push_back(entry.alarm.id);
    ++version_;
    return true;
  });
}

std::vector<Kind> Board::take_raised() { return std::exchange(raised_, {}); }
std::vector<Kind> Board::take_full() { return std::exchange(newly_full_, {}); }

registry::ChangeSet Board::changes(Timestamp now) {
  remove_old(now);
  registry::ChangeSet out;
  for (Entry& entry : entries_) {
    if (!std::exchange(entry.is_changed, false)) continue;
    entry.is_being_stored = true;
    ++entry.alarm.version;
    out.changes.emplace_back(registry::Put{entry.alarm});
  }
  for (const std::string& id : removed_)
    out.changes.emplace_back(registry::Erase{registry::alarm_key(id)});
  out.events = events_;
  removed_being_stored_ = removed_.size();
  events_being_stored_ = events_.size();
  return out;
}

void Board::committed(bool is_stored) {
  for (Entry& entry : entries_) {
    if (std::exchange(entry.is_being_stored, false) && !is_stored) entry.is_changed = true;
  }
  if (!is_stored) return;
  removed_.erase(removed_.begin(),
                 removed_.begin() + static_cast<std::ptrdiff_t>(removed_being_stored_));
  events_.erase(events_.begin(),
                events_.begin() + static_cast<std::ptrdiff_t>(events_being_stored_));
}

}  // namespace imprint::monitoring
