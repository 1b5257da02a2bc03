// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "deployment/layout.h"
#include "registry/store.h"
#include "transfer/export.h"

namespace imprint::transfer {

struct Exported {
  Counts counts = {};
  std::vector<std::string> notes = {};  ///< for the reader, such as what could not be expressed
};

/// Writes `folder`, which must exist and be empty, in the format "imprint", "aws" or "mosquitto";
/// Fault::invalid for any other. `layout` provides the CAs and keys that a format needs.
Result<Exported> export_as(std::string_view format, registry::Store& store,
                           const deployment::Layout& layout, const std::filesystem::path& folder,
                           const Clock& clock);

}  // namespace imprint::transfer
