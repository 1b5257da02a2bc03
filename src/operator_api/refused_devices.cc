// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the devices that were refused last, including those without a name, and what to
// do.
#include <algorithm>
#include <map>
#include <ranges>

#include "operator_api/event_json.h"
#include "operator_api/operations.h"
#include "outcome/causes.h"
#include "outcome/failure_category.h"
#include "story/device_facts.h"

namespace imprint::operator_api {

namespace {

using registry::AuditEvent;
using trail::Event;

/// The newest events of the trail are read, and the newest refusals of each category, however old:
/// clients without a certificate must not hide the devices of a claim.
constexpr std::size_t kMostRead = 2'000;
constexpr std::size_t kMostOfOneReason = 50;
constexpr std::int64_t kDefaultDevices = 20;

/// The most specific known name of a device. Unnamed devices that share an address or a claim
/// cannot be distinguished: they count as one for each cause.
std::string name_of(const Event& event) {
  const AuditEvent& record = event.record;
  for (const std::string* name : {&record.serial_number, &record.thing, &record.client}) {
    if (!name->empty()) return *name;
  }
  if (!record.certificate.empty() && !event.told.is_of_claim) return record.certificate;
  return fmt::format("{} from {}: {}", record.certificate, event.told.from,
                     event.told.cause ? event.told.cause->name : event.told.because);
}

/// The events that are read, by sequence.
runtime::Task<Result<std::map<std::int64_t, Event>>> read_events(registry::Store& store) {
  std::map<std::int64_t, Event> out;
  CO_TRY_ASSIGN(std::vector<AuditEvent> newest,
                co_await registry::list_first<AuditEvent>(
                    store, registry::query::AuditEvents{.ascending = false}, kMostRead));
  for (AuditEvent& event : newest) out.emplace(event.sequence, trail::read(event));
  for (const outcome::FailureCategoryInfo& reason : outcome::failure_categories()) {
    registry::query::AuditEvents query{.ascending = false, .refusal = std::string(reason.name)};
    CO_TRY_ASSIGN(std::vector<AuditEvent> refusals, co_await registry::list_first<AuditEvent>(
                                                        store, std::move(query), kMostOfOneReason));
    for (AuditEvent& event : refusals) out.emplace(event.sequence, trail::read(event));
  }
  co_return out;
}

struct Refused {
  std::vector<Event> story;  ///< the connection's events up to its last refusal
  std::int64_t times = 1;
};

/// The newest refusal of each device, newest first.
std::vector<Refused> refused_in(const std::map<std::int64_t, Event>& events, std::size_t most) {
  std::vector<Refused> out;
  std::map<std::string, std::size_t> places;
  for (const auto& [sequence, event] : std::ranges::reverse_view(events)) {
    if (!story::is_refusal(event)) continue;
    const auto [place, is_new] = places.try_emplace(name_of(event), out.size());
    if (!is_new) {
      if (place->second < out.size()) ++out[place->second].times;
      continue;
    }
    if (out.size() == most) {
      place->second = most;  // seen, but left out
      continue;
    }
    Refused one;
    for (const auto& [number, earlier] : events) {
      if (number > sequence) break;
      if (number == sequence || (!event.record.correlation.empty() &&
                                 earlier.record.correlation == event.record.correlation))
        one.story.push_back(earlier);
    }
    out.push_back(std::move(one));
  }
  return out;
}

runtime::Task<Result<json::object>> write(Call call, registry::Store& store, Refused one) {
  const Event* decisive = story::decisive_event(one.story);
  CO_TRY_ASSIGN(story::DeviceFacts facts, co_await story::facts_about(store, decisive));
  facts.now = call.now();
  json::object out = write_event(*decisive);
  out["times"] = one.times;
  out["from"] = one.story.back().told.from;
  CO_TRY_ASSIGN(const std::string meant, co_await story::did_you_mean(store, decisive));
  out["next"] = story::judge(one.story, facts).next + meant;
  co_return out;
}

Answer list_refused_devices(Call call, registry::Store& store) {
  const auto most =
      static_cast<std::size_t>(call.in.integer("maxResults").value_or(kDefaultDevices));
  CO_TRY_ASSIGN(const auto events, co_await read_events(store));
  json::array devices;
  for (Refused& one : refused_in(events, most)) {
    CO_TRY_ASSIGN(json::object written, co_await write(call, store, std::move(one)));
    devices.emplace_back(std::move(written));
  }
  co_return json::object{{"devices", std::move(devices)}};
}

using enum Exception;

constexpr InputInfo kList[] = {
    {.name = "maxResults", .in = Location::query, .type = Type::integer, .least = 1, .most = 100}};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"ListRefusedDevices",
     "GET",
     "/imprint/v1/refused-devices",
     kList,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_refused_devices},
};

}  // namespace

Operations refused_device_operations(registry::Store& store) {
  return rest::bind(kOperations, store);
}

}  // namespace imprint::operator_api
