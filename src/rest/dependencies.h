// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "access/operators.h"
#include "access/sessions.h"
#include "base/clock.h"
#include "base/random.h"
#include "registry/store.h"
#include "telemetry/log.h"

namespace imprint::rest {

/// The dependencies of the API itself, without those of its operations. References outlive it and
/// are safe from any thread.
struct Dependencies {
  registry::Store& store;  ///< for its audit events
  const Clock& clock;
  Random& random;
  telemetry::Log& log;
  const access::Operators& operators;
  access::Sessions& sessions;  ///< of the dashboard
  std::string account;         ///< twelve digits
  std::string region;          ///< in ARNs of answers to requests that name none
};

}  // namespace imprint::rest
