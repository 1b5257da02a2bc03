// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "telemetry/failure_category.h"

namespace imprint::provisioning {

/// What the failure of a provisioning request counts as.
telemetry::FailureCategory category_of(const Error& error);

}  // namespace imprint::provisioning
