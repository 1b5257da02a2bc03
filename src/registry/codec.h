// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "encoding/json.h"
#include "registry/records.h"

namespace imprint::registry {

/// A record as a JSON object, the form stores keep and exports carry. Members that are empty or
/// absent are left out, so that a new field needs no migration.
encoding::json::object to_json(const Record& record);

/// The record of that kind. Text that breaks a name's rule is an error (Fault::internal: broken
/// data).
Result<Record> from_json(Kind kind, const encoding::json::value& value);

}  // namespace imprint::registry
