// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "backup/manifest.h"
#include "base/random.h"
#include "deployment/layout.h"

namespace imprint::backup {

/// Writes the whole deployment to one file, while it serves: the store as it is at one moment,
/// imprint.toml, root-ca.pem, admin.credentials, ca/ and server/, registrations/ (the reports
/// of bulk registrations, and the input of those at work) and audit/ (the archive of the audit
/// trail, up to where the store's copy stands). uploads/ is left out: a task has its own
/// copy, and whoever uploaded a file has it. Fault::not_found without a store. The file holds every
/// key; its mode is 0600 from its first byte, and it is in its place only when it is whole and
/// durable. An older backup of that name is replaced.
Result<Manifest> back_up(const deployment::Layout& layout, const std::filesystem::path& file,
                         const Clock& clock);

/// Makes the deployment again. Refuses a directory that exists (Fault::conflict), and a backup that
/// is not exactly what its manifest says, has no store or a damaged one; nothing is left of it
/// then.
Result<Manifest> restore(const std::filesystem::path& file, const std::filesystem::path& directory,
                         Random& random);

}  // namespace imprint::backup
