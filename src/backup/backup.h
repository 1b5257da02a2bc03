// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "backup/manifest.h"
#include "base/random.h"
#include "deployment/layout.h"

namespace imprint::backup {

/// Writes the whole deployment to one file, while it serves: the store as of one moment,
/// imprint.toml, root-ca.pem, admin.credentials, ca/ and server/, registrations/ (the reports of
/// bulk registrations, and the input of those in progress) and audit/ (the archive of the audit
/// trail, up to the position of the store's copy). uploads/ is left out: a task has its own copy,
/// and the uploader has the file. Fault::not_found without a store. The file holds every key; its
/// mode is 0600 from its first byte, and it appears under its name only when it is complete and
/// durable. An older backup of that name is replaced.
Result<Manifest> back_up(const deployment::Layout& layout, const std::filesystem::path& file,
                         const Clock& clock);

/// Restores the deployment. Refuses a directory that exists (Fault::conflict), and a backup that
/// differs from its manifest or has no store or a damaged one; on failure nothing is left behind.
Result<Manifest> restore(const std::filesystem::path& file, const std::filesystem::path& directory,
                         Random& random);

}  // namespace imprint::backup
