// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <sys/types.h>
#include <vector>

#include "deployment/layout.h"

namespace imprint::deployment {

/// A file that holds secrets but that group or others may read or write.
struct ExposedFile {
  std::filesystem::path path;
  mode_t mode = 0;  ///< permission bits
};

/// The exposed files among every *.key in ca/ and server/, the operator's credentials, and the
/// store with its log, sorted by path. Files that do not exist or cannot be examined are skipped.
std::vector<ExposedFile> exposed_files(const Layout& layout);

}  // namespace imprint::deployment
