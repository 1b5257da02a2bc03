// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the alarms, and whether their channels work.
#include "monitoring/message.h"
#include "monitoring/monitor.h"
#include "operator_api/monitoring_json.h"
#include "operator_api/operations.h"

namespace imprint::operator_api {

json::object write_alarms(const monitoring::Snapshot& snapshot, bool with_resolved) {
  json::array alarms;
  for (const registry::Alarm& alarm : snapshot.alarms) {
    if (with_resolved || !alarm.resolved) alarms.emplace_back(monitoring::to_json(alarm));
  }
  return {{"alarms", std::move(alarms)}};
}

namespace {

Answer list_alarms(Call call, monitoring::Monitor& monitor) {
  co_return write_alarms(*monitor.snapshot(), call.in.text("state") == "all");
}

Answer test_alarm_channels(Call, monitoring::Monitor& monitor) {
  const monitoring::Trials trials = co_await monitor.try_channels();
  json::array channels;
  for (const monitoring::Trial& trial : trials) {
    json::object channel{{"channel", trial.channel}, {"delivered", trial.is_delivered}};
    if (!trial.is_delivered) channel["problem"] = trial.problem;
    channels.emplace_back(std::move(channel));
  }
  co_return json::object{{"channels", std::move(channels)}};
}

using enum Exception;

constexpr std::string_view kStates[] = {"raised", "all"};
constexpr InputInfo kList[] = {{.name = "state", .in = Location::query, .values = kStates}};
constexpr ExceptionSet kErrors{invalid_request, throttling, unauthorized, service_unavailable,
                               internal_failure};

constexpr rest::Row<monitoring::Monitor&> kOperations[] = {
    {"ListAlarms", "GET", "/imprint/v1/alarms", kList, kErrors, list_alarms},
    {"TestAlarmChannels", "POST", "/imprint/v1/alarms/test", {}, kErrors, test_alarm_channels},
};

}  // namespace

Operations alarm_operations(monitoring::Monitor& monitor) {
  return rest::bind(kOperations, monitor);
}

}  // namespace imprint::operator_api
