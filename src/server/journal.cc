// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <fmt/format.h>
#include <tuple>
#include <utility>

#include "base/household.h"
#include "encoding/json.h"
#include "outcome/causes.h"

namespace imprint::server {

namespace {

using registry::AuditEvent;

/// When the store cannot follow, the newest steps are left out: the log has them.
constexpr std::size_t kMaxWaiting = 50'000;

using telemetry::AuditBudget;

bool is_worth_a_word(const AuditBudget::Grant& grant) {
  return grant.is_last || grant.left_out > 0;
}

encoding::json::object detail_of(const AuditEvent& event) {
  auto parsed = encoding::parse_json(event.detail);
  return parsed && parsed->is_object() ? std::move(parsed->get_object()) : encoding::json::object();
}

/// The event that tells of those that are left out, after the last one that was kept. The step's
/// own detail stays, so that a claim stays marked as one.
AuditEvent summary(AuditEvent event, const std::string& what, const AuditBudget::Grant& grant) {
  encoding::json::object detail = detail_of(event);
  std::string because = fmt::format("so many {} in so short a time", what);
  if (grant.left_out > 0) {
    detail["left_out"] = grant.left_out;
    because += fmt::format("; {} more like this {} left out here", grant.left_out,
                           grant.left_out == 1 ? "was" : "were");
  }
  if (grant.is_last) because += "; further ones are in the server's log only, until it is quieter";
  detail["because"] = because;
  event.step = "journal";
  event.outcome = grant.is_last ? "paused" : "resumed";
  event.detail = encoding::to_json(detail);
  return event;
}

/// The same of a whole group: about no device in particular.
AuditEvent summary_of_group(const AuditEvent& last, const std::string& group,
                            const AuditBudget::Grant& grant) {
  const bool is_certificate = last.actor == group;
  AuditEvent event;
  event.time = last.time;
  event.actor = last.actor;
  if (is_certificate) event.certificate = group;
  if (detail_of(last).contains("claim")) event.detail = R"({"claim":true})";
  return summary(std::move(event), is_certificate ? "steps under one certificate" : group, grant);
}

}  // namespace

void Journal::note(const Payer& payer, AuditEvent event) {
  event.time = clock_.now();
  {
    const std::scoped_lock lock(mutex_);
    enter(payer, std::move(event));
    if (is_writing_ || waiting_.empty()) return;
    is_writing_ = true;
  }
  runtime::start(write());
}

/// A group that has spent its budget is asked first: then its names, however many, take no room
/// among the others', and one loud name cannot spend what its group has.
void Journal::enter(const Payer& payer, AuditEvent event) {
  const Monotonic now = clock_.monotonic();
  AuditBudget* const group = payer.group.empty() ? nullptr : &shared_.of(payer.group, now);
  if (group != nullptr && group->is_spent(now)) {
    std::ignore = group->take(now);  // counts it
    return;
  }
  const auto own = own_.of(payer.name, now).take(now);
  if (!own || waiting_.size() >= kMaxWaiting) return;
  waiting_.push_back(event);
  if (is_worth_a_word(*own)) waiting_.push_back(summary(event, "steps", *own));
  if (group == nullptr) return;
  const auto together = group->take(now);
  if (is_worth_a_word(*together))
    waiting_.push_back(summary_of_group(event, payer.group, *together));
}

void note_mqtt_at_rest_port(Journal& journal, telemetry::Log& log, const std::string& from) {
  constexpr std::string_view kBecause =
      "it speaks MQTT at the port of the REST API and the dashboard; devices connect to the MQTT "
      "port";
  log.info("a client speaks MQTT at the port of the REST API", {{"from", from}});
  journal.note(
      {household_of(from), "MQTT at the port of the REST API"},
      {.step = "connect",
       .outcome = "denied",
       .detail = encoding::to_json(encoding::json::object{
           {"from", from}, {"cause", name_of("MqttAtRestPort"_cause)}, {"because", kBecause}})});
}

registry::Task<void> Journal::write() {
  while (true) {
    registry::ChangeSet changes;
    {
      const std::scoped_lock lock(mutex_);
      is_writing_ = !waiting_.empty();
      if (!is_writing_) co_return;
      changes.events = std::exchange(waiting_, {});
    }
    const std::size_t count = changes.events.size();
    const auto written = co_await store_.commit(std::move(changes));
    if (!written) {
      log_.error("steps of devices are missing from the audit trail",
                 {{"steps", count}, {"cause", written.error().message}});
    }
  }
}

}  // namespace imprint::server
