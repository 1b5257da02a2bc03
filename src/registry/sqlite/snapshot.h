// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "registry/store.h"

namespace imprint::registry {

/// Copies a store as it is at one moment, while a server reads and writes it. `to` must not exist;
/// it is made with mode 0600 and holds everything, without a log file beside it. Fault::invalid
/// when the store is damaged.
Result<void> copy_store(const std::filesystem::path& from, const std::filesystem::path& to);

/// Reads all of a store and holds it to its own structure (PRAGMA quick_check), while a server may
/// use it; changes nothing. Some seconds for each gigabyte. Fault::invalid for a file that is
/// damaged or no store, Fault::conflict for one of a newer program.
Result<void> check_store(const std::filesystem::path& file);

/// Whether a process has the store open: it holds the lock beside it, which a copy of the files
/// does not take along.
bool is_in_use(const std::filesystem::path& file);
/// Whether a store has a record, or any that a list would answer; changes nothing, and a server may
/// use it meanwhile.
Result<bool> holds(const std::filesystem::path& file, const Key& key);
Result<bool> holds_any(const std::filesystem::path& file, const Query& query);

}  // namespace imprint::registry
