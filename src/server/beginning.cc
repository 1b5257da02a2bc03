// SPDX-License-Identifier: Apache-2.0
#include "server/beginning.h"

#include "audit/continuity.h"
#include "deployment/store_state.h"

namespace imprint::server {

namespace {

Unexpected refuse(std::string_view what) {
  return fail(Fault::conflict,
              "{}. Bring the store back, or restore a backup into another directory: imprint "
              "restore FILE DIR. To begin with an empty registry instead, in which no device is "
              "known, start once with --begin-anew",
              what);
}

}  // namespace

Result<void> StoreGuard::before_opening() {
  is_lost_ = deployment::store_state(layout_) == deployment::StoreState::lost;
  if (!is_lost_ || beginning_ == Beginning::anew) return {};
  return refuse(fmt::format("{} is missing or empty, and this deployment has served before",
                            layout_.store().string()));
}

Result<void> StoreGuard::after_opening(const Clock& clock, telemetry::Log& log) {
  if (!is_lost_) {
    const auto continues = audit::check_continuity({layout_.store(), layout_.audit()});
    if (!continues && continues.error().fault != Fault::conflict) return continues;
    if (!continues && beginning_ == Beginning::where_it_ended)
      return refuse(continues.error().message);
    is_lost_ = !continues;
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
  return {};
}

}  // namespace imprint::server
