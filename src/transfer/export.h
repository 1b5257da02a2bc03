// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "registry/store.h"

namespace imprint::transfer {

/// The number of records written to or read from each file.
using Counts = std::map<std::string, std::size_t>;

/// Writes things, types, groups, memberships, certificates, policies, templates and attachments,
/// the operator's own CA certificates, tags, and the event and indexing configurations. `folder`
/// must exist and be empty. Certificates that await activation and five-minute claims are left out:
/// they would expire before anybody could use them. The store should not change during the export
/// (use a copy), so that all references are consistent.
Result<Counts> export_registry(registry::Store& store, const std::filesystem::path& folder,
                               const Clock& clock);

/// Calls `take` with every record of a list, following its pages; stops at the first error.
Result<void> for_each_record(registry::Store& store, const registry::Query& query,
                             const std::function<Result<void>(const registry::Record&)>& take);

}  // namespace imprint::transfer
