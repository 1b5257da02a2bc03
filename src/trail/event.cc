// SPDX-License-Identifier: Apache-2.0
#include "trail/event.h"

#include <algorithm>
#include <array>
#include <utility>

#include "encoding/json.h"

namespace imprint::trail {

namespace {

namespace json = encoding::json;

constexpr std::array<std::string_view, kOutcomes> kOutcomeNames = {
    "ok",   "rejected", "denied",   "failed", "timed_out",
    "lost", "raised",   "resolved", "paused", "resumed"};

void put(json::object& into, json::object members) {
  for (auto& [name, value] : members) into[name] = std::move(value);
}

json::object write(const Detail& detail) {
  return std::visit(
      [](const auto& one) -> json::object {
        using T = std::remove_cvref_t<decltype(one)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return {};
        } else if constexpr (std::is_same_v<T, Change>) {
          return one;
        } else {
          return encoding::write_fields(one);
        }
      },
      detail);
}

bool is_refusal(Outcome outcome) {
  return outcome == Outcome::rejected || outcome == Outcome::denied || outcome == Outcome::failed;
}

json::object detail_of(const registry::AuditEvent& event) {
  auto parsed = encoding::parse_json(event.detail);
  return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object();
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  return kOutcomeNames.at(static_cast<std::size_t>(outcome));
}

Outcome parse_outcome(std::string_view name) {
  const auto* found = std::ranges::find(kOutcomeNames, name);
  return found == kOutcomeNames.end() ? Outcome::failed
                                      : static_cast<Outcome>(found - kOutcomeNames.begin());
}

Step find_step(std::string_view name) {
  const auto* found = std::ranges::find(kSteps, name, &StepInfo::name);
  return found == kSteps.end() ? Step() : Step(*found);
}

registry::AuditEvent record(registry::AuditEvent about, Step step, Outcome outcome,
                            const Told& told, const Detail& detail) {
  json::object object = encoding::write_fields(told);
  put(object, write(detail));
  about.step = step->name;
  about.outcome = to_string(outcome);
  if (is_refusal(outcome)) about.refused_for = told.category;
  about.detail = encoding::to_json(object);
  return about;
}

registry::AuditEvent with(registry::AuditEvent event, const Detail& more) {
  json::object object = detail_of(event);
  put(object, write(more));
  event.detail = encoding::to_json(object);
  return event;
}

Event read(registry::AuditEvent stored) {
  json::object object = detail_of(stored);
  Event out{.record = {}, .step = find_step(stored.step), .outcome = parse_outcome(stored.outcome)};
  out.told = read_leniently<Told>(object);
  // Operations of the REST API have names that devices' steps have, too.
  if (out.outcome == Outcome::denied && object.contains("action")) {
    out.detail = read_leniently<OperatorDenied>(object);
  } else if (!out.step) {
    out.detail = std::move(object);
  } else {
    out.detail = out.is_ok() ? out.step->ok(object) : out.step->refused(object);
  }
  out.record = std::move(stored);
  return out;
}

std::vector<Event> read(std::vector<registry::AuditEvent> stored) {
  std::vector<Event> out;
  out.reserve(stored.size());
  for (registry::AuditEvent& event : stored) out.push_back(read(std::move(event)));
  return out;
}

}  // namespace imprint::trail
