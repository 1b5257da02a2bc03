// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "telemetry/log.h"

namespace imprint::test {

/// Errors only, on stderr. Its clock is the machine's, since threads log while a test moves its
/// own.
inline telemetry::Log quiet_log() {
  static const SystemClock clock;
  return {telemetry::LogFormat::text, telemetry::Level::error, clock};
}

}  // namespace imprint::test
