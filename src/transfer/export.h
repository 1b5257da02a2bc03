// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "registry/store.h"

namespace imprint::transfer {

/// How many records went into or came from each file.
using Counts = std::map<std::string, std::size_t>;

/// Writes things, types, groups, memberships, certificates, policies, templates and attachments, CA
/// certificates of the operator's own, tags, and which events and indexes there are.
/// `folder` must exist and be empty. Certificates that wait for their activation and five-minute
/// claims are left out: they are gone before anybody could use them. The store should stand still
/// (a copy), so that what refers to each other is together.
Result<Counts> export_registry(registry::Store& store, const std::filesystem::path& folder,
                               const Clock& clock);

/// Calls take with every record of a list, following its pages; stops at the first error.
Result<void> for_each_record(registry::Store& store, const registry::Query& query,
                             const std::function<Result<void>(const registry::Record&)>& take);

}  // namespace imprint::transfer
