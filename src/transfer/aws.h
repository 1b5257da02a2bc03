// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transfer/formats.h"

namespace imprint::transfer {

/// The export for AWS IoT: numbered inputs of AWS CLI calls (calls/), bulk registration templates
/// with their NDJSON (bulk/), the issuing CA, and a script that runs all of it. Things of one shape
/// (type, groups, policies, names of attributes, status) share a template.
Result<Exported> export_for_aws(registry::Store& store, const deployment::Layout& layout,
                                const std::filesystem::path& folder);

}  // namespace imprint::transfer
