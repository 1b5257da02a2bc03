// SPDX-License-Identifier: Apache-2.0
#include "server/store_guard.h"

#include <array>
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

#include "deployment/store_state.h"
#include "encoding/json.h"
#include "trail/event.h"

namespace imprint::server {

namespace {

Unexpected refuse(std::string_view what, std::string_view instead) {
  return fail(Fault::conflict,
              "{}. Bring the store back, or restore the newest backup into another directory: "
              "imprint restore FILE DIR. {}",
              what, instead);
}

/// The user who started this process, as far as the system knows.
encoding::json::object user_who_started_it() {
  encoding::json::object out{{"uid", static_cast<std::int64_t>(::getuid())}};
  std::array<char, 4096> text{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, text.data(), text.size(), &found) == 0 && found != nullptr)
    out["user"] = found->pw_name;
  // Nothing in the server changes its environment.
  if (const char* by = std::getenv("SUDO_USER"); by != nullptr)  // NOLINT(concurrency-mt-unsafe)
    out["sudoUser"] = by;
  return out;
}

constexpr std::string_view kWithNothing =
    "To begin with an empty registry instead, in which no device is known, start once with "
    "--begin-anew";

constexpr std::string_view kWithWhatIsLeft =
    "To continue from what this store holds instead, start once with --begin-anew: what happened "
    "since is undone, and certificates that were revoked since can connect again until you revoke "
    "them again";

}  // namespace

Result<void> StoreGuard::before_opening() {
  is_lost_ = deployment::store_state(layout_) == deployment::StoreState::lost;
  if (!is_lost_) return {};
  lost_because_ = fmt::format("{} is missing or empty, and this deployment has served before",
                              layout_.store().string());
  if (beginning_ == Beginning::anew) return {};
  return refuse(lost_because_, kWithNothing);
}

Result<void> StoreGuard::after_opening(registry::Store& store, const Clock& clock,
                                       telemetry::Log& log) {
  std::optional<audit::Gap> gap;
  if (!is_lost_) {
    TRY_ASSIGN(gap, audit::find_gap({layout_.store(), layout_.audit()}));
    if (gap && beginning_ == Beginning::where_it_ended)
      return refuse(gap->message, gap->is_store_empty() ? kWithNothing : kWithWhatIsLeft);
    is_lost_ = gap.has_value();
    if (gap) lost_because_ = gap->message;
  }
  if (beginning_ == Beginning::where_it_ended) return {};
  if (is_lost_) return begin_anew(store, gap, clock, log);
  return fail(Fault::invalid,
              "--begin-anew is for a deployment that has lost its store; {} is whole, so start "
              "without it",
              layout_.store().string());
}

Result<void> StoreGuard::begin_anew(registry::Store& store, const std::optional<audit::Gap>& gap,
                                    const Clock& clock, telemetry::Log& log) {
  const std::filesystem::path aside = audit::set_aside_path(layout_.audit(), clock.now());
  encoding::json::object detail = user_who_started_it();
  detail["because"] = lost_because_;
  if (!aside.empty()) detail["earlierAuditArchive"] = aside.string();
  registry::ChangeSet changes;
  changes.events.push_back(trail::record({.time = clock.now(), .actor = "imprintd --begin-anew"},
                                         "begin_anew"_step, trail::Outcome::ok, {},
                                         std::move(detail)));
  // After a crash between the two, the next start still detects the loss.
  TRY(runtime::run_blocking(store.commit(std::move(changes))));
  TRY(audit::set_aside(layout_.audit(), aside));
  if (!gap || gap->is_store_empty()) {
    log.warning("the registry begins anew, as --begin-anew demands; no device is known",
                {{"store", layout_.store().string()}, {"earlier_audit_archive", aside.string()}});
    return {};
  }
  if (gap->archived.sequence <= gap->stored.sequence) {
    log.warning(
        "the registry continues from another store, as --begin-anew demands; it is unknown what it "
        "lacks and which of its certificates were revoked",
        {{"store", layout_.store().string()}, {"earlier_audit_archive", aside.string()}});
    return {};
  }
  log.warning(
      "the registry continues from an older state, as --begin-anew demands; revoke again what was "
      "revoked since",
      {{"store", layout_.store().string()},
       {"store_ends_with_event", gap->stored.sequence},
       {"archive_ended_with_event", gap->archived.sequence},
       {"events_lost", gap->events},
       {"certificates_revoked_since", gap->revoked},
       {"earlier_audit_archive", aside.string()}});
  for (const std::string& certificate : gap->named) {
    log.warning("a certificate was revoked since; if this registry knows it, revoke it again",
                {{"certificate", certificate},
                 {"remedy", "aws iot update-certificate --new-status REVOKED --certificate-id " +
                                certificate}});
  }
  return {};
}

}  // namespace imprint::server
