// SPDX-License-Identifier: Apache-2.0
#include "alarms/point_alarms.h"

#include "encoding/json.h"

namespace imprint::alarms {

registry::AuditEvent alarm_event(Kind kind, std::string_view because) {
  encoding::json::object detail{{"alarm", to_string(kind)}, {"because", because}};
  // As in every event whose certificate many devices share.
  if (kind == Kind::claim_frozen || kind == Kind::claim_new_place) detail["claim"] = true;
  return {
      .step = std::string(kAlarmStep), .outcome = "raised", .detail = encoding::to_json(detail)};
}

std::optional<Kind> raised_by(const registry::AuditEvent& event) {
  if (event.step != kAlarmStep || event.outcome != "raised") return std::nullopt;
  const auto detail = encoding::parse_json(event.detail);
  if (!detail || !detail->is_object()) return std::nullopt;
  const auto* name = detail->get_object().if_contains("alarm");
  if (name == nullptr || !name->is_string()) return std::nullopt;
  return parse_kind(std::string_view(name->get_string()));
}

bool PointAlarms::is_news(const Cause& cause) {
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
  if (!is_news(cause)) return;
  const registry::AuditEvent event = alarm_event(kind, because);
  about.step = event.step;
  about.outcome = event.outcome;
  about.detail = event.detail;
  about.time = clock_.now();
  registry::ChangeSet changes;
  changes.events.push_back(std::move(about));
  runtime::start(commit(std::move(cause), std::move(changes)));
}

runtime::Task<void> PointAlarms::commit(Cause cause, registry::ChangeSet changes) {
  if (co_await store_.commit(std::move(changes))) co_return;
  // A store that cannot write is told of elsewhere; the same cause raises the alarm again.
  const std::scoped_lock lock(mutex_);
  raised_.erase(cause);
}

}  // namespace imprint::alarms
