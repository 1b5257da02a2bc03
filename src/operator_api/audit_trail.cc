// SPDX-License-Identifier: Apache-2.0
#include "audit/archive.h"
#include "audit/chain_check.h"
#include "encoding/text.h"
#include "operator_api/operations.h"
#include "registry/audit_chain.h"

namespace imprint::operator_api {

namespace {

/// The dependencies of these operations.
struct TrailNeeds {
  registry::Store& store;
  const audit::Archive* archive;
};

using registry::AuditEvent;
using registry::AuditTrail;
using registry::ChainPlace;

/// The newest events are verified here; `imprint audit verify` checks all of them.
constexpr std::int64_t kMostVerified = 100'000;
constexpr std::size_t kAtOnce = 500;

json::array write_files(const std::vector<audit::ArchiveFile>& files, std::int64_t through) {
  json::array out;
  for (std::size_t i = 0; i < files.size(); ++i) {
    out.emplace_back(json::object{{"file", files[i].path.filename().string()},
                                  {"first", files[i].first},
                                  {"last", i + 1 < files.size() ? files[i + 1].first - 1 : through},
                                  {"bytes", files[i].bytes}});
  }
  return out;
}

Answer get_audit_trail(Call, TrailNeeds needs) {
  CO_TRY_ASSIGN(const auto trail, co_await registry::get(needs.store, registry::audit_trail_key()));
  json::object answer{{"events", trail.head.sequence - trail.forgotten.sequence},
                      {"first", trail.forgotten.sequence + 1},
                      {"last", trail.head.sequence},
                      {"head", encoding::to_hex(trail.head.hash)},
                      {"unchained", trail.unchained}};
  json::array files;
  if (const audit::Archive* archive = needs.archive; archive != nullptr) {
    const std::int64_t through = archive->through();
    CO_TRY_ASSIGN(const auto found, audit::archive_files(archive->folder()));
    files = write_files(found, through);
    answer["archivedThrough"] = through;
    if (const std::string problem = archive->problem(); !problem.empty())
      answer["archiveProblem"] = problem;
  }
  answer["archive"] = std::move(files);
  co_return answer;
}

/// The place in the chain before the first event to be checked.
runtime::Task<Result<ChainPlace>> place_before(registry::Store& store, AuditTrail trail) {
  const ChainPlace beginning = trail.beginning();
  const std::int64_t sequence = trail.head.sequence - kMostVerified;
  if (sequence <= beginning.sequence) co_return beginning;
  CO_TRY_ASSIGN(
      const registry::Page page,
      co_await store.list(registry::query::AuditEvents{}, registry::after_event(sequence - 1, 1)));
  if (page.records.empty()) co_return beginning;
  co_return registry::place_of(std::get<AuditEvent>(page.records.front()));
}

runtime::Task<Result<void>> check_events(registry::Store& store, AuditTrail trail,
                                         audit::ChainCheck& check) {
  registry::Cursor cursor = registry::after_event(check.at().sequence, kAtOnce);
  while (!check.is_decided()) {
    CO_TRY_ASSIGN(const registry::Page page,
                  co_await store.list(registry::query::AuditEvents{}, cursor));
    for (const registry::Record& record : page.records) {
      const auto& event = std::get<AuditEvent>(record);
      if (event.sequence <= trail.head.sequence) check.take(event);
    }
    if (!page.next) break;
    cursor.after = *page.next;
  }
  co_return Result<void>();
}

std::string problem_of(audit::ChainCheck& check, const AuditTrail& trail) {
  if (const auto& found = check.finish())
    return fmt::format("{}: {}", audit::to_string(found->what), found->because);
  if (check.at() == trail.head) return {};
  return fmt::format("removed: the trail ends with event {} but should end with event {}",
                     check.at().sequence, trail.head.sequence);
}

Answer verify_audit_trail(Call, TrailNeeds needs) {
  registry::Store& store = needs.store;
  CO_TRY_ASSIGN(auto trail, co_await registry::get(store, registry::audit_trail_key()));
  while (true) {
    CO_TRY_ASSIGN(const ChainPlace from, co_await place_before(store, trail));
    audit::ChainCheck check(from);
    CO_TRY(co_await check_events(store, trail, check));
    const std::string problem = problem_of(check, trail);
    CO_TRY_ASSIGN(const auto now, co_await registry::get(store, registry::audit_trail_key()));
    const bool has_forgotten_more = now.forgotten != trail.forgotten;
    trail = now;
    // The events were deleted by retention while they were being checked.
    if (!problem.empty() && has_forgotten_more) continue;
    json::object answer{{"intact", problem.empty()},
                        {"checked", check.checked()},
                        {"first", from.sequence + 1},
                        {"last", check.at().sequence},
                        {"head", encoding::to_hex(check.at().hash)}};
    if (!problem.empty()) answer["problem"] = problem;
    co_return answer;
  }
}

using enum Exception;

constexpr ExceptionSet kErrors{invalid_request, throttling, unauthorized, service_unavailable,
                               internal_failure};

constexpr rest::Row<TrailNeeds> kOperations[] = {
    {"GetAuditTrail", "GET", "/imprint/v1/audit-trail", {}, kErrors, get_audit_trail},
    {"VerifyAuditTrail", "POST", "/imprint/v1/audit-trail/verify", {}, kErrors, verify_audit_trail},
};

}  // namespace

Operations audit_trail_operations(registry::Store& store, const audit::Archive* archive) {
  return rest::bind(kOperations, TrailNeeds{store, archive});
}

}  // namespace imprint::operator_api
