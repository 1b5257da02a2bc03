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
  where_it_ended,  ///< with the registry that the last server left
  anew,            ///< with what is left, although that one is lost, as an operator said
};

/// Refuses to serve with a store that has lost what devices and operators rely on: an empty
/// registry, or one in which revoked certificates are ACTIVE again, would pass for a healthy one.
/// Used at start, once before the store is opened, which would make a new one, and once after.
class StoreGuard {
 public:
  StoreGuard(const deployment::Layout& layout, Beginning beginning)
      : layout_(layout), beginning_(beginning) {}

  Result<void> before_opening();
  /// With Beginning::anew the registry says so in its audit trail, first of all, and then the old
  /// archive is set aside. Fault::invalid when nothing is lost: whoever always starts so would not
  /// learn of a loss.
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
