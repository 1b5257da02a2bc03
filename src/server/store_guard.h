// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "audit/continuity.h"
#include "base/clock.h"
#include "deployment/config.h"
#include "deployment/layout.h"
#include "registry/store.h"
#include "telemetry/log.h"

namespace imprint::server {

enum class Beginning {
  where_it_ended,  ///< continue with the registry of the last run
  anew,            ///< on request of an operator, with what is left although that registry is lost
};

/// Refuses to serve from a store that has lost data: otherwise an empty registry, or one in which
/// revoked certificates are ACTIVE again, would pass for a healthy one. Used at start, once before
/// the store is opened (which would create a new one) and once after.
class StoreGuard {
 public:
  StoreGuard(const deployment::Layout& layout, Beginning beginning)
      : layout_(layout), beginning_(beginning) {}

  Result<void> before_opening();
  /// With Beginning::anew, first records in the audit trail that the registry begins anew, then
  /// sets the old archive aside. Fault::invalid if nothing is lost: an operator who always started
  /// this way would never notice a loss.
  Result<void> after_opening(registry::Store& store, const Clock& clock, telemetry::Log& log);

 private:
  Result<void> begin_anew(registry::Store& store, const std::optional<audit::Gap>& gap,
                          const Clock& clock, telemetry::Log& log);

  std::string lost_because_;
  const deployment::Layout& layout_;
  const Beginning beginning_;
  bool is_lost_ = false;
};

}  // namespace imprint::server
