// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "telemetry/log.h"

namespace imprint::test {

/// Logs only errors, to stderr. It uses the system clock, since threads log while a test moves its
/// own clock.
inline telemetry::Log quiet_log() {
  static const SystemClock clock;
  return {telemetry::LogFormat::text, telemetry::Level::error, clock};
}

}  // namespace imprint::test
