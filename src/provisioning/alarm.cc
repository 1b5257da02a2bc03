// SPDX-License-Identifier: Apache-2.0
#include "provisioning/alarm.h"

#include "encoding/json.h"

namespace imprint::provisioning {

std::string_view to_string(Alarm alarm) {
  switch (alarm) {
    case Alarm::duplicate_device:
      return "duplicate-device";
    case Alarm::key_in_two_places:
      return "key-in-two-places";
    case Alarm::claim_frozen:
      return "claim-frozen";
  }
  return "unknown";
}

registry::AuditEvent alarm_event(Alarm alarm, std::string_view because) {
  encoding::json::object detail{{"alarm", to_string(alarm)}, {"because", because}};
  // As in every event whose certificate many devices share.
  if (alarm == Alarm::claim_frozen) detail["claim"] = true;
  return {
      .step = std::string(kAlarmStep), .outcome = "raised", .detail = encoding::to_json(detail)};
}

std::string alarm_name_of(const registry::AuditEvent& event) {
  if (event.step != kAlarmStep) return {};
  const auto detail = encoding::parse_json(event.detail);
  if (!detail || !detail->is_object()) return {};
  const auto* name = detail->get_object().if_contains("alarm");
  return name != nullptr && name->is_string() ? std::string(name->get_string()) : std::string();
}

bool Alarms::is_news(const Cause& cause) {
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

void Alarms::raise(Alarm alarm, std::string subject, std::string_view because,
                   registry::AuditEvent about) {
  Cause cause{alarm, std::move(subject)};
  if (!is_news(cause)) return;
  const registry::AuditEvent event = alarm_event(alarm, because);
  about.step = event.step;
  about.outcome = event.outcome;
  about.detail = event.detail;
  about.time = clock_.now();
  registry::ChangeSet changes;
  changes.events.push_back(std::move(about));
  runtime::start(commit(std::move(cause), std::move(changes)));
}

runtime::Task<void> Alarms::commit(Cause cause, registry::ChangeSet changes) {
  if (co_await store_.commit(std::move(changes))) co_return;
  // A store that cannot write is told of elsewhere; the same cause raises the alarm again.
  const std::scoped_lock lock(mutex_);
  raised_.erase(cause);
}

}  // namespace imprint::provisioning
