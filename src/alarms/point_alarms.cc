// SPDX-License-Identifier: Apache-2.0
#include "alarms/point_alarms.h"

#include "trail/event.h"

namespace imprint::alarms {

registry::AuditEvent alarm_event(Kind kind, std::string_view because, registry::AuditEvent about) {
  return trail::record(std::move(about), "alarm"_step, trail::Outcome::raised,
                       // set in every event about a claim certificate
                       {.is_of_claim = kind == Kind::claim_frozen || kind == Kind::claim_new_place,
                        .because = std::string(because)},
                       trail::AlarmTold{.kind = std::string(to_string(kind))});
}

std::optional<Kind> raised_by(const registry::AuditEvent& event) {
  if (trail::find_step(event.step) != "alarm"_step) return std::nullopt;
  const trail::Event told = trail::read(event);
  if (told.outcome != trail::Outcome::raised) return std::nullopt;
  return parse_kind(told.detail_as<trail::AlarmTold>().kind);
}

bool PointAlarms::should_raise(const Cause& cause) {
  const Monotonic now = clock_.monotonic();
  const std::scoped_lock lock(mutex_);
  if (now - swept_ >= kQuietTime) {
    std::erase_if(raised_, [&](const auto& entry) { return now - entry.second >= kQuietTime; });
    swept_ = now;
  }
  if (raised_.size() >= kMaxSubjects && !raised_.contains(cause)) return false;
  const auto [it, is_new] = raised_.try_emplace(cause, now);
  if (!is_new && now - it->second < kQuietTime) return false;
  it->second = now;
  return true;
}

void PointAlarms::raise(Kind kind, std::string subject, std::string_view because,
                        registry::AuditEvent about) {
  Cause cause{kind, std::move(subject)};
  if (!should_raise(cause)) return;
  about.time = clock_.now();
  registry::ChangeSet changes;
  changes.events.push_back(alarm_event(kind, because, std::move(about)));
  runtime::start(commit(std::move(cause), std::move(changes)));
}

runtime::Task<void> PointAlarms::commit(Cause cause, registry::ChangeSet changes) {
  if (co_await store_.commit(std::move(changes))) co_return;
  // store-trouble reports the failing store. Let the next occurrence raise this alarm again.
  const std::scoped_lock lock(mutex_);
  raised_.erase(cause);
}

}  // namespace imprint::alarms
