// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/clock.h"
#include "registry/store.h"
#include "transfer/export.h"

namespace imprint::transfer {

struct Imported {
  Counts added = {};          ///< by file
  std::size_t unchanged = 0;  ///< already present and identical
};

/// Imports what export_registry() wrote, perhaps edited. Everything is checked before the first
/// change: every line and file by itself, the references among them and to the store, and records
/// that already exist, which must be identical. Then everything is one change set, so repeating an
/// import changes nothing. Errors (Fault::invalid) list file, line and problem, up to twenty.
Result<Imported> import_registry(const std::filesystem::path& folder, registry::Store& store,
                                 const Clock& clock);

}  // namespace imprint::transfer
