// SPDX-License-Identifier: Apache-2.0
#include "monitoring/message.h"

#include <fmt/chrono.h>

#include "alarms/kind.h"

namespace imprint::monitoring {

namespace {

namespace json = encoding::json;
using registry::Alarm;

std::string_view severity_of(const Alarm& alarm) {
  const auto kind = alarms::parse_kind(alarm.kind);
  return to_string(kind ? alarms::severity_of(*kind) : alarms::Severity::warning);
}

double seconds(Timestamp time) { return static_cast<double>(to_milliseconds(time)) / 1000; }

std::string written(Timestamp time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace

std::string_view to_string(Message::What what) {
  switch (what) {
    case Message::What::raised:
      return "raised";
    case Message::What::resolved:
      return "resolved";
    case Message::What::test:
      return "test";
  }
  return "";
}

Message test_message(Timestamp now) {
  return {.what = Message::What::test,
          .alarm = {.id = "test",
                    .kind = "test",
                    .because = "this is a test of the channels; no alarm is raised",
                    .next = "nothing to do",
                    .since = now,
                    .seen = now}};
}

json::object to_json(const Alarm& alarm) {
  json::object out{{"id", alarm.id},
                   {"alarm", alarm.kind},
                   {"subject", alarm.subject},
                   {"subjectKind", alarm.subject_kind},
                   {"state", alarm.resolved ? "resolved" : "raised"},
                   {"severity", severity_of(alarm)},
                   {"since", seconds(alarm.since)},
                   {"because", alarm.because},
                   {"next", alarm.next}};
  if (!alarm.commands.empty())
    out["commands"] = json::array(alarm.commands.begin(), alarm.commands.end());
  if (!alarm.serial_number.empty()) {
    out["device"] = json::object{{"serialNumber", alarm.serial_number}};
  } else if (!alarm.client.empty()) {
    out["device"] = json::object{{"clientId", alarm.client}};
  }
  if (alarm.resolved) {
    out["resolvedAt"] = seconds(*alarm.resolved);
    out["resolvedBecause"] = alarm.resolved_because;
  }
  return out;
}

std::string body_of(const Message& message, const Sender& sender) {
  return encoding::to_json(json::object{
      {"event", to_string(message.what)},
      {"alarm", to_json(message.alarm)},
      {"deployment", json::object{{"account", sender.account}, {"endpoint", sender.endpoint}}}});
}

std::string subject_of(const Message& message, const Sender& sender) {
  return fmt::format(
      "[imprint {}] {} {}{}", sender.endpoint, message.alarm.kind, to_string(message.what),
      message.what == Message::What::raised ? fmt::format(" ({})", severity_of(message.alarm))
                                            : "");
}

std::string text_of(const Message& message, const Sender& sender) {
  const Alarm& alarm = message.alarm;
  std::string out = fmt::format("{} {}", alarm.kind, to_string(message.what));
  if (!alarm.subject.empty()) out += fmt::format(", {} {}", alarm.subject_kind, alarm.subject);
  out += fmt::format("\n\nSince:    {}\n", written(alarm.since));
  if (message.what == Message::What::resolved && alarm.resolved)
    out += fmt::format("Resolved: {}\nNow:      {}\n", written(*alarm.resolved),
                       alarm.resolved_because);
  out += fmt::format("Because:  {}\nNext:     {}\n", alarm.because, alarm.next);
  for (const std::string& command : alarm.commands) out += fmt::format("          {}\n", command);
  return out + fmt::format("\nDeployment: {} (account {})\nAlarm: {}\n", sender.endpoint,
                           sender.account, alarm.id);
}

}  // namespace imprint::monitoring
