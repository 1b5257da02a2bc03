// SPDX-License-Identifier: Apache-2.0
#include "story/gathering.h"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include "base/name.h"

namespace imprint::story {

namespace {

using registry::AuditEvent;
using registry::query::AuditEvents;
using trail::Event;

/// The most events of one search.
constexpr std::size_t kMostEvents = 500;
/// The most connections or certificates that are followed in one step.
constexpr std::size_t kMostLinks = 40;

/// The newest events of a search.
runtime::Task<Result<std::vector<Event>>> search(registry::Store& store, AuditEvents query) {
  query.ascending = false;
  CO_TRY_ASSIGN(registry::Page page, co_await store.list(std::move(query), {{}, kMostEvents}));
  std::vector<Event> out;
  for (registry::Record& record : page.records)
    out.push_back(trail::read(std::get<AuditEvent>(std::move(record))));
  co_return out;
}

class Gathering {
 public:
  explicit Gathering(registry::Store& store) : store_(store) {}

  runtime::Task<Result<void>> run(AuditEvents first) {
    CO_TRY(co_await add(std::move(first)));
    CO_TRY(co_await follow_certificates());
    CO_TRY(co_await follow_connections());
    // The connections may have led to further certificates.
    co_return co_await follow_certificates();
  }

  /// By time; events of the same time in the order in which they were recorded.
  [[nodiscard]] std::vector<Event> story() && {
    std::vector<Event> out;
    for (auto& [sequence, event] : events_) out.push_back(std::move(event));
    std::ranges::sort(out, {}, [](const Event& event) {
      return std::pair(event.record.time, event.record.sequence);
    });
    return out;
  }

 private:
  runtime::Task<Result<void>> add(AuditEvents query) {
    CO_TRY_ASSIGN(std::vector<Event> found, co_await search(store_, std::move(query)));
    for (Event& event : found) {
      const std::int64_t sequence = event.record.sequence;
      events_.emplace(sequence, std::move(event));
    }
    co_return Result<void>();
  }

  runtime::Task<Result<void>> follow_connections() {
    for (const std::string& correlation : links(&AuditEvent::correlation))
      CO_TRY(co_await add({.correlation = correlation}));
    co_return Result<void>();
  }

  runtime::Task<Result<void>> follow_certificates() {
    for (const std::string& certificate : links(&AuditEvent::certificate))
      CO_TRY(co_await add({.certificate = certificate}));
    co_return Result<void>();
  }

  std::vector<std::string> links(std::string AuditEvent::* member) {
    const bool is_certificate = member == &AuditEvent::certificate;
    std::vector<std::string> out;
    for (const auto& [sequence, event] : std::ranges::reverse_view(events_)) {  // newest first
      const std::string& link = event.record.*member;
      if (link.empty() || (is_certificate && event.told.is_of_claim)) continue;
      if (out.size() < kMostLinks && followed_.insert(link).second) out.push_back(link);
    }
    return out;
  }

  registry::Store& store_;
  std::map<std::int64_t, Event> events_;  ///< by sequence
  std::set<std::string> followed_;
};

}  // namespace

runtime::Task<Result<std::vector<Event>>> gather_story(registry::Store& store, AuditEvents wanted) {
  Gathering gathering(store);
  CO_TRY(co_await gathering.run(std::move(wanted)));
  co_return std::move(gathering).story();
}

std::vector<registry::Alarm> alarms_about(const std::vector<Event>& story,
                                          const AuditEvents& wanted,
                                          std::span<const registry::Alarm> alarms) {
  std::set<std::string> things{wanted.thing};
  std::set<std::string> certificates{wanted.certificate};
  for (const Event& event : story) {
    things.insert(event.record.thing);
    if (!event.told.is_of_claim) certificates.insert(event.record.certificate);
  }
  std::vector<registry::Alarm> out;
  for (const registry::Alarm& alarm : alarms) {
    if (alarm.resolved || alarm.subject.empty()) continue;
    if ((alarm.subject_kind == "thing" && things.contains(alarm.subject)) ||
        (alarm.subject_kind == "certificate" && certificates.contains(alarm.subject)))
      out.push_back(alarm);
  }
  return out;
}

runtime::Task<Result<std::string>> shared_client_id(registry::Store& store, const Event* event) {
  if (event == nullptr || event->is_ok() || !event->told.is_of_claim ||
      event->record.client.empty())
    co_return std::string();
  const std::string client = event->record.client;
  CO_TRY_ASSIGN(const std::vector<Event> others, co_await search(store, {.client = client}));
  std::set<std::string> units;
  for (const Event& other : others) {
    if (other.told.is_of_claim || other.is("register_thing"_step))
      units.insert(other.record.serial_number);
  }
  units.erase("");
  if (units.size() < 2) co_return std::string();
  co_return fmt::format(
      " {} units have come with the client id {}: give each unit its own, such as its serial "
      "number.",
      units.size(), quote(client));
}

}  // namespace imprint::story
