// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "registry/records.h"

namespace imprint::registry {

/// The reason a device was refused: the failure category (outcome/failure_category.h) in the detail
/// of an event with the outcome "rejected", "denied" or "failed". Empty for every other event, and
/// for a denial to a device that had been admitted before.
std::string refusal_category(const AuditEvent& event);

}  // namespace imprint::registry
