// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "encoding/json.h"
#include "registry/records.h"

namespace imprint::registry {

/// A record as a JSON object, as stores and exports hold it. Empty and absent members are left out,
/// so a new field needs no migration.
encoding::json::object to_json(const Record& record);

/// Reads a record of that kind. A name that breaks its rules is an error (Fault::internal: corrupt
/// data).
Result<Record> from_json(Kind kind, const encoding::json::value& value);

}  // namespace imprint::registry
