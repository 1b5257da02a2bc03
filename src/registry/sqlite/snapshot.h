// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "registry/store.h"

namespace imprint::registry {

/// Copies a store as it is at one moment, while a server may read and write it. `to` must not
/// exist; it is created with mode 0600 and is complete, with no log file beside it. Fault::invalid
/// if the store is damaged.
Result<void> copy_store(const std::filesystem::path& from, const std::filesystem::path& to);

/// Reads the whole store and checks its structure (PRAGMA quick_check), while a server may use it;
/// changes nothing. Takes some seconds per gigabyte. Fault::invalid for a file that is damaged or
/// not a store, Fault::conflict for a store of a newer program.
Result<void> check_store(const std::filesystem::path& file);

/// Whether a process has the store open: it holds the lock file beside it, and a copy of the files
/// does not carry the lock.
bool is_in_use(const std::filesystem::path& file);
/// Whether the store has this record, or any that the query would list; changes nothing. A
/// server may be using the store.
Result<bool> holds(const std::filesystem::path& file, const Key& key);
Result<bool> holds_any(const std::filesystem::path& file, const Query& query);

}  // namespace imprint::registry
