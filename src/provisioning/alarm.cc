// SPDX-License-Identifier: Apache-2.0
#include "provisioning/alarm.h"

#include <tuple>

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
  return {.step = std::string(kAlarmStep),
          .outcome = "raised",
          .detail = encoding::to_json(
              encoding::json::object{{"alarm", to_string(alarm)}, {"because", because}})};
}

std::string alarm_name_of(const registry::AuditEvent& event) {
  if (event.step != kAlarmStep) return {};
  const auto detail = encoding::parse_json(event.detail);
  if (!detail || !detail->is_object()) return {};
  const auto* name = detail->get_object().if_contains("alarm");
  return name != nullptr && name->is_string() ? std::string(name->get_string()) : std::string();
}

namespace {

runtime::Task<void> commit(registry::Store& store, registry::ChangeSet changes) {
  // A store that cannot write is told of elsewhere; the next cause raises the alarm again.
  std::ignore = co_await store.commit(std::move(changes));
}

}  // namespace

bool Alarms::is_news(Alarm alarm, const std::string& subject) {
  const Monotonic now = clock_.monotonic();
  const std::scoped_lock lock(mutex_);
  if (raised_.size() >= kMaxSubjects)
    std::erase_if(raised_, [&](const auto& entry) { return now - entry.second >= kQuietTime; });
  // Beyond the bound, all others are one subject.
  const bool is_full = raised_.size() >= kMaxSubjects;
  const auto [it, is_new] = raised_.try_emplace({alarm, is_full ? std::string() : subject}, now);
  if (is_new) return true;
  if (now - it->second < kQuietTime) return false;
  it->second = now;
  return true;
}

void Alarms::raise(Alarm alarm, const std::string& subject, std::string_view because,
                   registry::AuditEvent about) {
  if (!is_news(alarm, subject)) return;
  const registry::AuditEvent event = alarm_event(alarm, because);
  about.step = event.step;
  about.outcome = event.outcome;
  about.detail = event.detail;
  about.time = clock_.now();
  registry::ChangeSet changes;
  changes.events.push_back(std::move(about));
  runtime::start(commit(store_, std::move(changes)));
}

}  // namespace imprint::provisioning
