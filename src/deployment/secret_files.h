// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <sys/types.h>
#include <vector>

#include "deployment/layout.h"

namespace imprint::deployment {

/// A file that holds secrets, though group or others may read or write it.
struct ExposedFile {
  std::filesystem::path path;
  mode_t mode = 0;  ///< permission bits
};

/// Those among every *.key in ca/ and server/, the operator's credentials, and the store with its
/// log, by path. Files that are not there or cannot be looked at are passed over.
std::vector<ExposedFile> exposed_files(const Layout& layout);

}  // namespace imprint::deployment
