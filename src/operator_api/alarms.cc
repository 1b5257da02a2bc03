// SPDX-License-Identifier: Apache-2.0
// Imprint's own: the alarms there are, and whether their channels reach anybody.
#include "monitoring/message.h"
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

Answer list_alarms(Call call) {
  co_return write_alarms(*call.server.monitor.snapshot(), call.in.text("state") == "all");
}

Answer test_alarm_channels(Call call) {
  const monitoring::Trials trials = co_await call.server.monitor.try_channels();
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

constexpr OperationInfo kOperations[] = {
    {"ListAlarms", "GET", "/imprint/v1/alarms", kList, kErrors, list_alarms},
    {"TestAlarmChannels", "POST", "/imprint/v1/alarms/test", {}, kErrors, test_alarm_channels},
};

}  // namespace

Operations alarm_operations() { return kOperations; }

}  // namespace imprint::operator_api
