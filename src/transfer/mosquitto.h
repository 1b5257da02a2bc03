// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "transfer/formats.h"

namespace imprint::transfer {

/// A configuration for mosquitto 2: CA bundle, revocation list, ACL file, server certificate chain
/// and mosquitto.conf. The list revokes every certificate of the registry that is not an ACTIVE
/// identity. The notes and report.txt name what the ACL cannot express of the policies.
Result<Exported> export_for_mosquitto(registry::Store& store, const deployment::Layout& layout,
                                      const std::filesystem::path& folder, const Clock& clock);

}  // namespace imprint::transfer
