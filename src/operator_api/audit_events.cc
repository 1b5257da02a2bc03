// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cmath>

#include "base/nearest.h"
#include "operator_api/audited_names.h"
#include "operator_api/event_json.h"
#include "operator_api/operations.h"
#include "rest/router.h"

namespace imprint::operator_api {

namespace {

using registry::AuditEvent;
using registry::query::AuditEvents;

/// The most events that are read for one page. A page may therefore be short or even empty, and
/// still be followed by another.
constexpr std::size_t kMostRead = 5'000;
constexpr std::size_t kAtOnce = 500;
/// Events are recorded nearly in the order of their times, but not quite: some wait for a hook, and
/// some are written in batches.
constexpr auto kDisorder = std::chrono::minutes(5);

std::vector<std::string> known_steps(const rest::Router& router) {
  std::vector<std::string> out;
  for (const trail::StepInfo& step : trail::kSteps) out.emplace_back(step.name);
  for (const rest::Operation& operation : router.operations())
    out.push_back(rest::step_of(operation.name));
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::vector<std::string> known_outcomes() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < trail::kOutcomes; ++i)
    out.emplace_back(to_string(static_cast<trail::Outcome>(i)));
  return out;
}

/// Without this check, a misspelt name would look like one that no event has.
Result<void> check_known(std::string_view member, const std::string& wanted,
                         const std::vector<std::string>& known) {
  if (wanted.empty() || std::ranges::find(known, wanted) != known.end()) return {};
  const auto meant = nearest(wanted, known);
  return refuse_value(
      member, wanted,
      meant ? fmt::format("Member must be one that events have; did you mean {}?", quote(*meant))
            : fmt::format("Member must be one of {}", fmt::join(known, ", ")));
}

/// The criteria for which the trail has no index.
struct Sieve {
  std::string step;
  std::string outcome;
  std::optional<Timestamp> from = {};
  std::optional<Timestamp> until = {};

  [[nodiscard]] bool is_idle() const { return step.empty() && outcome.empty() && !from && !until; }
  [[nodiscard]] bool lets_pass(const AuditEvent& event) const {
    return (step.empty() || event.step == step) && (outcome.empty() || event.outcome == outcome) &&
           (!from || event.time >= *from) && (!until || event.time < *until);
  }
  /// Whether no older event can pass.
  [[nodiscard]] bool ends_before(const AuditEvent& event) const {
    return from && event.time < *from - kDisorder;
  }
};

Result<std::optional<Timestamp>> read_time(const Call& call, std::string_view member) {
  if (!call.in.has(member)) return std::optional<Timestamp>();
  const std::string text = call.in.text(member);
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr double kMost = 253402300800;  // the year 10000
  if (error != std::errc() || end != text.data() + text.size() || seconds >= kMost)
    return refuse_value(member, text, "Member must be a time in seconds since 1970");
  return from_milliseconds(std::llround(seconds * 1000));
}

Result<Sieve> read_sieve(const Call& call) {
  Sieve out{.step = call.in.text("step"), .outcome = call.in.text("outcome")};
  TRY_ASSIGN(out.from, read_time(call, "from"));
  TRY_ASSIGN(out.until, read_time(call, "until"));
  TRY(check_known("step", out.step, known_steps(call.router)));
  TRY(check_known("outcome", out.outcome, known_outcomes()));
  if (out.from && out.until && *out.from >= *out.until) {
    return refuse_value("until", call.in.text("until"),
                        "Member must be later than from; between the two lies no time");
  }
  return out;
}

/// The sequence of the first event at or after a time.
runtime::Task<Result<std::int64_t>> first_after(registry::Store& store, Timestamp time) {
  CO_TRY_ASSIGN(const auto trail, co_await registry::get(store, registry::audit_trail_key()));
  std::int64_t before = trail.forgotten.sequence;
  std::int64_t after = trail.head.sequence + 1;
  while (after - before > 1) {
    const std::int64_t middle = before + (after - before) / 2;
    const auto cursor = registry::after_event(middle - 1, 1);
    CO_TRY_ASSIGN(const registry::Page page, co_await store.list(AuditEvents{}, cursor));
    const bool is_earlier =
        !page.records.empty() && std::get<AuditEvent>(page.records.front()).time < time;
    (is_earlier ? before : after) = middle;
  }
  co_return after;
}

/// A page of the events that pass, newest first.
runtime::Task<Result<registry::Page>> sift(registry::Store& store, AuditEvents wanted, Sieve sieve,
                                           registry::Cursor cursor) {
  registry::Page out;
  if (cursor.after.empty() && sieve.until) {
    CO_TRY_ASSIGN(const std::int64_t place, co_await first_after(store, *sieve.until + kDisorder));
    cursor.after = registry::after_event(place, 1).after;
  }
  // While the clock was wrong, events with other times were recorded among these.
  bool is_past = sieve.from.has_value();
  for (std::size_t read = 0; read < kMostRead; read += kAtOnce) {
    const registry::Cursor here{cursor.after, kAtOnce};
    CO_TRY_ASSIGN(registry::Page page, co_await store.list(wanted, here));
    for (registry::Record& record : page.records) {
      const auto& event = std::get<AuditEvent>(record);
      is_past = is_past && sieve.ends_before(event);
      if (!sieve.lets_pass(event)) continue;
      if (out.records.size() == cursor.limit) {
        out.next = registry::key_of(out.records.back()).first;
        co_return out;
      }
      out.records.push_back(std::move(record));
    }
    if (!page.next) co_return out;
    cursor.after = *page.next;
  }
  if (!is_past) out.next = cursor.after;
  co_return out;
}

/// The audit trail as it is, newest first: the events of devices, operators and the server.
Answer list_audit_events(Call call, registry::Store& store) {
  AuditEvents wanted = audited_names(call);
  wanted.ascending = false;
  CO_TRY_ASSIGN(const Sieve sieve, read_sieve(call));
  CO_TRY_ASSIGN(const registry::Cursor cursor, cursor_of(call, kTokenStyle));
  auto found = sieve.is_idle() ? co_await store.list(wanted, cursor)
                               : co_await sift(store, wanted, sieve, cursor);
  if (!found) co_return tl::unexpected(std::move(found).error());
  json::object answer{{"events", write_all<AuditEvent>(call, found->records, write_stored_event)}};
  put_next(answer, call, kTokenStyle, found->next);
  co_return answer;
}

using enum Exception;

constexpr InputInfo time_of_query(std::string_view name) {
  return {.name = name,
          .in = Location::query,
          .least = 1,
          .most = 20,
          .rule = {"[0-9.]+", [](char c) { return name_rules::is_digit(c) || c == '.'; },
                   "seconds since 1970"}};
}
constexpr InputInfo kList[] = {audited_name("serialNumber"),
                               audited_name("thingName"),
                               kAuditedCertificate,
                               audited_name("clientId"),
                               audited_name("correlationId"),
                               audited_name("step"),
                               audited_name("outcome"),
                               time_of_query("from"),
                               time_of_query("until"),
                               members::kMaxResults,
                               members::kNextToken};

constexpr rest::Row<registry::Store&> kOperations[] = {
    {"ListAuditEvents",
     "GET",
     "/imprint/v1/audit-events",
     kList,
     {invalid_request, throttling, unauthorized, service_unavailable, internal_failure},
     list_audit_events},
};

}  // namespace

Operations audit_event_operations(registry::Store& store) { return rest::bind(kOperations, store); }

}  // namespace imprint::operator_api
