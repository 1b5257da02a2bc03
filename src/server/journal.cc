// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <fmt/format.h>
#include <tuple>
#include <utility>

#include "base/household.h"
#include "outcome/causes.h"
#include "trail/event.h"

namespace imprint::server {

namespace {

using registry::AuditEvent;

/// If the store cannot keep up, the newest steps are left out of the trail; the log has them.
constexpr std::size_t kMaxWaiting = 50'000;

using telemetry::AuditBudget;

bool should_report(const AuditBudget::Grant& grant) { return grant.is_last || grant.left_out > 0; }

/// The event that reports omitted steps, after the last one that was kept.
AuditEvent summary(AuditEvent about, trail::Told told, std::string_view what,
                   const AuditBudget::Grant& grant) {
  told.because = fmt::format("too many {} in a short time", what);
  if (grant.left_out > 0) {
    told.because += fmt::format("; {} more like this {} left out here", grant.left_out,
                                grant.left_out == 1 ? "was" : "were");
  }
  if (grant.is_last)
    told.because += "; further ones are in the server's log only, until it is quieter";
  const auto outcome = grant.is_last ? trail::Outcome::paused : trail::Outcome::resumed;
  return trail::record(
      std::move(about), "journal"_step, outcome, told,
      trail::Paused{.left_out = grant.left_out > 0
                                    ? std::optional(static_cast<std::int64_t>(grant.left_out))
                                    : std::nullopt});
}

/// The same for a whole group, so not about any particular device.
AuditEvent summary_of_group(const trail::Event& last, const std::string& group,
                            const AuditBudget::Grant& grant) {
  const bool is_certificate = last.record.actor == group;
  AuditEvent about{.time = last.record.time, .actor = last.record.actor};
  if (is_certificate) about.certificate = group;
  return summary(std::move(about), {.is_of_claim = last.told.is_of_claim},
                 is_certificate ? "steps under one certificate" : group, grant);
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

/// The group's budget is checked first but charged last. So the names of a group that has spent its
/// budget take no room in `own_`, and one noisy name cannot use up the budget of its group.
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
  if (should_report(*own)) {
    // The details of the step are kept, so that a claim remains marked as one.
    waiting_.push_back(summary(event, trail::read(event).told, "steps", *own));
  }
  if (group == nullptr) return;
  const auto together = group->take(now);
  if (should_report(*together))
    waiting_.push_back(summary_of_group(trail::read(event), payer.group, *together));
}

void note_mqtt_at_rest_port(Journal& journal, telemetry::Log& log, const std::string& from) {
  constexpr std::string_view kBecause =
      "it speaks MQTT at the port of the REST API and the dashboard; devices connect to the MQTT "
      "port";
  log.info("a client speaks MQTT at the port of the REST API", {{"from", from}});
  journal.note(
      {household_of(from), "MQTT at the port of the REST API"},
      trail::record(
          {}, "connect"_step, trail::Outcome::denied,
          {.from = from, .because = std::string(kBecause), .cause = "MqttAtRestPort"_cause}));
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
