// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/clock.h"
#include "registry/store.h"
#include "transfer/export.h"

namespace imprint::transfer {

struct Imported {
  Counts added = {};          ///< by file
  std::size_t unchanged = 0;  ///< that were there already, just so
};

/// Reads what export_registry() wrote, perhaps edited. Everything is checked before the first
/// change, and then it is one change: every line and file by itself, references among them and to
/// the store, and records that are there already, which must be the same. So the same import twice
/// changes nothing. Errors (Fault::invalid) list file, line and what is wrong, up to twenty.
Result<Imported> import_registry(const std::filesystem::path& folder, registry::Store& store,
                                 const Clock& clock);

}  // namespace imprint::transfer
