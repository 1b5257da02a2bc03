// SPDX-License-Identifier: Apache-2.0
#include "audit/archive.h"

#include "base/thread.h"
#include "encoding/text.h"
#include "registry/audit_chain.h"

namespace imprint::audit {

namespace {

using registry::AuditEvent;

constexpr std::size_t kArchivedAtOnce = 1'000;
/// Events committed within this time share one fsync.
constexpr Milliseconds kGather{200};
constexpr Milliseconds kRetry{2'000};
constexpr auto kReportPeriod = std::chrono::minutes(10);
constexpr auto kPrunePeriod = std::chrono::hours(1);

/// Whether the store has the archive's last event, or had it and deleted it.
registry::Task<Result<bool>> is_in(registry::Store& store, registry::ChainPlace last,
                                   registry::AuditTrail trail) {
  if (last.sequence > trail.head.sequence) co_return false;
  if (last.sequence < trail.beginning().sequence) co_return true;
  if (last.sequence == trail.beginning().sequence) co_return last == trail.beginning();
  AuditEvent wanted;
  wanted.sequence = last.sequence;
  CO_TRY_ASSIGN(const auto found, co_await registry::find(store, registry::key_of(wanted)));
  co_return found&& registry::place_of(*found) == last;
}

}  // namespace

Archive::Archive(registry::Store& store, ArchiveOptions options, const Clock& clock,
                 telemetry::Log& log)
    : store_(store), options_(std::move(options)), clock_(clock), log_(log) {}

void Archive::start() {
  thread_ = start_thread("audit-archive", [this] { work(); });
}

void Archive::wake() {
  {
    const std::scoped_lock lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_one();
}

void Archive::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::string Archive::problem() const {
  const std::scoped_lock lock(mutex_);
  return problem_;
}

/// Waits until wake(), stop() or the timeout; false after stop().
bool Archive::wait(Milliseconds most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [this] { return is_woken_ || is_stopping_; });
  is_woken_ = false;
  return !is_stopping_;
}

void Archive::work() {
  bool running = true;
  while (running) {
    Milliseconds rest = kGather;
    if (const auto done = catch_up(); !done) {
      report(done.error());
      is_recovered_ = false;
      rest = kRetry;
    }
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, rest, [this] { return is_stopping_; });
    }
    running = wait(std::chrono::seconds(1));
  }
  if (const auto done = catch_up(); !done) report(done.error());
}

Result<void> Archive::catch_up() {
  if (!is_recovered_) TRY(recover());
  while (true) {
    TRY_ASSIGN(const bool more, write_some());
    if (!more) break;
  }
  {
    const std::scoped_lock lock(mutex_);
    if (!problem_.empty()) log_.info("archiving of the audit trail works again");
    problem_.clear();
  }
  const Timestamp now = clock_.now();
  if (now - pruned_ < kPrunePeriod) return {};
  pruned_ = now;
  TRY_ASSIGN(const std::size_t removed, writer_.prune(now));
  if (removed > 0) log_.info("removed old files of the audit archive", {{"files", removed}});
  return {};
}

Result<void> Archive::recover() {
  TRY_ASSIGN(const ArchiveWriter::Recovered found, writer_.recover());
  if (found.cut > 0) {
    log_.warning("the end of the audit archive was incomplete; it is rewritten from the store",
                 {{"bytes", found.cut}});
  }
  if (!found.damaged.empty() && found.damaged != damaged_) {
    damaged_ = found.damaged;
    log_.error(
        "a file of the audit archive is damaged; it is kept unchanged and a new file begins",
        {{"file", found.damaged}, {"remedy", "run imprint audit verify DIR to find the damage"}});
  }
  TRY_ASSIGN(const registry::AuditTrail trail,
             own_.run(registry::get(store_, registry::audit_trail_key())));
  TRY(begin(trail));
  through_ = writer_.last()->sequence;
  is_recovered_ = true;
  return {};
}

/// Continues the archive after its last event, or begins a new one.
Result<void> Archive::begin(const registry::AuditTrail& trail) {
  if (!writer_.last()) {
    writer_.begin_after(trail.beginning(), std::nullopt);
    return {};
  }
  const registry::ChainPlace last = *writer_.last();
  TRY_ASSIGN(const bool is_same, own_.run(is_in(store_, last, trail)));
  if (!is_same) {
    return fail(Fault::conflict,
                "the archive ends with event {} (hash {}), which the store does not have: the "
                "store is a different one or an older copy. "
                "No event is archived or deleted until this is resolved; find the cause, then move "
                "{} away so that a new archive begins",
                last.sequence, encoding::to_hex(last.hash), options_.folder.string());
  }
  if (last.sequence >= trail.beginning().sequence) return {};
  if (last.sequence < trail.archived) {
    return fail(Fault::conflict,
                "the archive ends with event {}, but events up to {} were archived: files in {} "
                "are missing or were shortened. "
                "No event is archived or deleted until this is resolved; restore the files, or "
                "move the folder away so that a new archive begins",
                last.sequence, trail.archived, options_.folder.string());
  }
  log_.warning("the store deleted events before they were archived; the archive has a gap",
               {{"first", last.sequence + 1}, {"last", trail.beginning().sequence}});
  writer_.begin_after(trail.beginning(), last.sequence + 1);
  return {};
}

/// Archives one page of events; returns whether there may be more.
Result<bool> Archive::write_some() {
  const std::int64_t after = writer_.last()->sequence;
  TRY_ASSIGN(const registry::Page page,
             own_.run(store_.list(registry::query::AuditEvents{},
                                  registry::after_event(after, kArchivedAtOnce))));
  std::vector<AuditEvent> events;
  for (const registry::Record& record : page.records) {
    const auto& event = std::get<AuditEvent>(record);
    if (event.sequence != after + 1 + static_cast<std::int64_t>(events.size())) {
      return fail(Fault::conflict,
                  "the store has no event {}, so it cannot be archived; run: imprint audit verify",
                  after + 1 + static_cast<std::int64_t>(events.size()));
    }
    events.push_back(event);
  }
  if (events.empty()) return false;
  TRY(writer_.append(events, clock_.now()));
  through_ = writer_.last()->sequence;
  return page.next.has_value();
}

/// A problem that persists is logged once per kReportPeriod, not on every retry.
void Archive::report(const Error& error) {
  const std::scoped_lock lock(mutex_);
  const Monotonic now = clock_.monotonic();
  if (problem_ == error.message && now - reported_ < kReportPeriod) return;
  problem_ = error.message;
  reported_ = now;
  log_.error(
      "the audit trail cannot be archived; this is retried, and the store keeps all events that "
      "are not archived",
      {{"cause", error.message}});
}

}  // namespace imprint::audit
