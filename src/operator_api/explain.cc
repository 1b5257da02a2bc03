// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "monitoring/monitor.h"
#include "operator_api/audited_names.h"
#include "operator_api/event_json.h"
#include "operator_api/operations.h"
#include "story/device_facts.h"
#include "story/gathering.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct ExplainNeeds {
  registry::Store& store;
  monitoring::Monitor& monitor;
};

using registry::query::AuditEvents;

Answer explain(Call call, ExplainNeeds needs) {
  const AuditEvents wanted = audited_names(call);
  const auto names = {wanted.thing, wanted.certificate, wanted.client, wanted.serial_number};
  if (std::ranges::count_if(names, [](const std::string& n) { return !n.empty(); }) != 1) {
    co_return refuse(Exception::invalid_request,
                     "name the device by one of serialNumber, thingName, certificateId, clientId");
  }
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(std::vector<trail::Event> story, co_await story::gather_story(store, wanted));
  // A device may have been refused before it sent its serial number, but have it as its client id.
  if (story.empty() && !wanted.serial_number.empty()) {
    CO_TRY_ASSIGN(story, co_await story::gather_story(store, {.client = wanted.serial_number}));
  }
  const trail::Event* decisive = story::decisive_event(story);
  CO_TRY_ASSIGN(story::DeviceFacts facts, co_await story::facts_about(store, decisive));
  facts.alarms = story::alarms_about(story, wanted, needs.monitor.snapshot()->alarms);
  facts.now = call.now();
  CO_TRY_ASSIGN(const std::string meant, co_await story::did_you_mean(store, decisive));
  CO_TRY_ASSIGN(const std::string shared, co_await story::shared_client_id(store, decisive));
  const std::int64_t after = call.in.integer("after").value_or(0);
  json::array events;
  std::int64_t last = after;
  for (const trail::Event& event : story) {
    last = std::max(last, event.record.sequence);
    if (event.record.sequence > after) events.emplace_back(write_event(event));
  }
  const story::Judgement judgement = story::judge(story, facts);
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

constexpr rest::Row<ExplainNeeds> kOperations[] = {
    {"Explain", "GET", "/imprint/v1/explain", kExplain, kErrors, explain},
};

}  // namespace

Operations explain_operations(registry::Store& store, monitoring::Monitor& monitor) {
  return rest::bind(kOperations, ExplainNeeds{store, monitor});
}

}  // namespace imprint::operator_api
