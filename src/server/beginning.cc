// SPDX-License-Identifier: Apache-2.0
#include "server/beginning.h"

#include <array>
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

#include "audit/continuity.h"
#include "deployment/store_state.h"
#include "encoding/json.h"

namespace imprint::server {

namespace {

Unexpected refuse(std::string_view what) {
  return fail(Fault::conflict,
              "{}. Bring the store back, or restore a backup into another directory: imprint "
              "restore FILE DIR. To begin with an empty registry instead, in which no device is "
              "known, start once with --begin-anew",
              what);
}

/// Who started this process, as far as the system knows.
encoding::json::object whoever_started_it() {
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

}  // namespace

Result<void> StoreGuard::before_opening() {
  is_lost_ = deployment::store_state(layout_) == deployment::StoreState::lost;
  if (!is_lost_) return {};
  lost_because_ = fmt::format("{} is missing or empty, and this deployment has served before",
                              layout_.store().string());
  if (beginning_ == Beginning::anew) return {};
  return refuse(lost_because_);
}

Result<void> StoreGuard::after_opening(const Clock& clock, telemetry::Log& log) {
  if (!is_lost_) {
    const auto continues = audit::check_continuity({layout_.store(), layout_.audit()});
    if (!continues && continues.error().fault != Fault::conflict) return continues;
    if (!continues && beginning_ == Beginning::where_it_ended)
      return refuse(continues.error().message);
    is_lost_ = !continues;
    if (is_lost_) lost_because_ = continues.error().message;
  }
  if (beginning_ == Beginning::where_it_ended) return {};
  if (!is_lost_) {
    return fail(Fault::invalid,
                "--begin-anew is for a deployment that has lost its store; {} is whole, so start "
                "without it",
                layout_.store().string());
  }
  TRY_ASSIGN(const std::filesystem::path aside, audit::set_aside(layout_.audit(), clock.now()));
  log.warning("the registry begins anew, as --begin-anew says; no device is known",
              {{"store", layout_.store().string()}, {"earlier_audit_archive", aside.string()}});
  encoding::json::object detail = whoever_started_it();
  detail["because"] = lost_because_;
  if (!aside.empty()) detail["earlierAuditArchive"] = aside.string();
  event_ = registry::AuditEvent{.time = clock.now(),
                                .step = "begin_anew",
                                .outcome = "ok",
                                .actor = "imprintd --begin-anew",
                                .detail = encoding::to_json(detail)};
  return {};
}

Result<void> StoreGuard::put_on_record(registry::Store& store) {
  if (!event_) return {};
  registry::ChangeSet changes;
  changes.events.push_back(*std::exchange(event_, std::nullopt));
  return runtime::run_blocking(store.commit(std::move(changes)));
}

}  // namespace imprint::server
