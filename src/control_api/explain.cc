// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <span>

#include "control_api/audited_names.h"
#include "control_api/device_facts.h"
#include "control_api/event_detail.h"
#include "control_api/operations.h"
#include "control_api/standing.h"
#include "control_api/store_access.h"
#include "control_api/story.h"

namespace imprint::control_api {

namespace {

using registry::AuditEvent;
using registry::query::AuditEvents;

/// Of one search; a story is told from its newest events.
constexpr std::size_t kMostEvents = 500;
/// Connections and certificates that a story is followed through.
constexpr std::size_t kMostLinks = 40;

/// The events that concern one device, by sequence: those that name it, and what else happened on
/// the same connections and with the certificates that came of it.
class Gathering {
 public:
  explicit Gathering(registry::Store& store) : store_(store) {}

  runtime::Task<Result<void>> run(AuditEvents first) {
    CO_TRY(co_await search(std::move(first)));
    CO_TRY(co_await follow_certificates());
    CO_TRY(co_await follow_connections());
    // What a connection brought forth may have been used since.
    co_return co_await follow_certificates();
  }

  [[nodiscard]] bool is_empty() const { return events_.empty(); }

  /// In the order in which it happened; events of one moment in the order of their recording.
  [[nodiscard]] std::vector<AuditEvent> story() const {
    std::vector<AuditEvent> out;
    for (const auto& [sequence, event] : events_) out.push_back(event);
    std::ranges::sort(out, {}, [](const AuditEvent& e) { return std::pair(e.time, e.sequence); });
    return out;
  }

 private:
  runtime::Task<Result<void>> search(AuditEvents query) {
    query.ascending = false;
    CO_TRY_ASSIGN(const std::vector<AuditEvent> found,
                  co_await list_some<AuditEvent>(store_, std::move(query), kMostEvents));
    for (const AuditEvent& event : found) events_.emplace(event.sequence, event);
    co_return Result<void>();
  }

  runtime::Task<Result<void>> follow_connections() {
    for (const std::string& correlation : links(&AuditEvent::correlation))
      CO_TRY(co_await search({.correlation = correlation}));
    co_return Result<void>();
  }

  /// Not claims: what other devices did with them is another story.
  runtime::Task<Result<void>> follow_certificates() {
    for (const std::string& certificate : links(&AuditEvent::certificate))
      CO_TRY(co_await search({.certificate = certificate}));
    co_return Result<void>();
  }

  std::vector<std::string> links(std::string AuditEvent::* member) {
    std::vector<std::string> out;
    for (const auto& [sequence, event] : std::ranges::reverse_view(events_)) {  // newest first
      const std::string& link = event.*member;
      if (link.empty() || (member == &AuditEvent::certificate && is_of_claim(event))) continue;
      if (out.size() < kMostLinks && followed_.insert(link).second) out.push_back(link);
    }
    return out;
  }

  registry::Store& store_;
  std::map<std::int64_t, AuditEvent> events_;
  std::set<std::string> followed_;
};

/// Alarms that are raised about the device: about its thing or a certificate of its own.
std::vector<registry::Alarm> alarms_about(const std::vector<AuditEvent>& story,
                                          const AuditEvents& wanted,
                                          std::span<const registry::Alarm> alarms) {
  std::set<std::string> things{wanted.thing};
  std::set<std::string> certificates{wanted.certificate};
  for (const AuditEvent& event : story) {
    things.insert(event.thing);
    if (!is_of_claim(event)) certificates.insert(event.certificate);
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

/// " N units use ...": sketches give every unit the client id that they were published with.
runtime::Task<Result<std::string>> shared_client_id(registry::Store& store,
                                                    const AuditEvent* event) {
  if (event == nullptr || event->outcome == "ok" || !is_of_claim(*event) || event->client.empty())
    co_return std::string();
  CO_TRY_ASSIGN(const auto others,
                co_await list_some<AuditEvent>(
                    store, AuditEvents{.ascending = false, .client = event->client}, kMostEvents));
  std::set<std::string> units;
  for (const AuditEvent& other : others) {
    if (is_of_claim(other) || other.step == "register_thing") units.insert(other.serial_number);
  }
  units.erase("");
  if (units.size() < 2) co_return std::string();
  co_return fmt::format(
      " {} units have come with the client id {}: give each one of its own, such as its serial "
      "number.",
      units.size(), quote(event->client));
}

Answer explain(Call call) {
  const AuditEvents wanted = audited_names(call);
  const auto names = {wanted.thing, wanted.certificate, wanted.client, wanted.serial_number};
  if (std::ranges::count_if(names, [](const std::string& n) { return !n.empty(); }) != 1) {
    co_return refuse(Exception::invalid_request,
                     "name the device by one of serialNumber, thingName, certificateId, clientId");
  }
  Gathering gathering(call.server.store);
  CO_TRY(co_await gathering.run(wanted));
  // A device that was refused before it could say its serial number may have it as client id.
  if (gathering.is_empty() && !wanted.serial_number.empty())
    CO_TRY(co_await gathering.run({.client = wanted.serial_number}));
  const std::vector<AuditEvent> story = gathering.story();
  const AuditEvent* decisive = decisive_event(story);
  CO_TRY_ASSIGN(DeviceFacts facts, co_await facts_about(call.server.store, decisive));
  facts.alarms = alarms_about(story, wanted, call.server.monitor.snapshot()->alarms);
  facts.now = call.server.clock.now();
  CO_TRY_ASSIGN(const std::string meant, co_await did_you_mean(call.server.store, decisive));
  CO_TRY_ASSIGN(const std::string shared, co_await shared_client_id(call.server.store, decisive));
  const std::int64_t after = call.in.integer("after").value_or(0);
  json::array events;
  std::int64_t last = after;
  for (const AuditEvent& event : story) {
    last = std::max(last, event.sequence);
    if (event.sequence > after) events.emplace_back(write_event(event));
  }
  const Judgement judgement = judge(story, facts);
  co_return json::object{{"events", std::move(events)},
                         {"last", last},
                         {"standing", to_string(judgement.standing)},
                         {"next", judgement.next + meant + shared}};
}

using enum Exception;

constexpr InputInfo kExplain[] = {audited_name("serialNumber"),
                                  audited_name("thingName"),
                                  kAuditedCertificate,
                                  audited_name("clientId"),
                                  {.name = "after", .in = Location::query, .type = Type::integer}};
constexpr ExceptionSet kErrors{invalid_request, throttling, unauthorized, service_unavailable,
                               internal_failure};

constexpr OperationInfo kOperations[] = {
    {"Explain", "GET", "/imprint/v1/explain", kExplain, kErrors, explain},
};

}  // namespace

Operations explain_operations() { return kOperations; }

}  // namespace imprint::control_api
