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
  std::vector<std::string> notes = {};  ///< what the reader has to know: what is not expressible
};

/// Writes `folder`, which exists and is empty, for "imprint", "aws" or "mosquitto"; Fault::invalid
/// for another format. `layout` gives the CAs and keys that a format needs.
Result<Exported> export_as(std::string_view format, registry::Store& store,
                           const deployment::Layout& layout, const std::filesystem::path& folder,
                           const Clock& clock);

}  // namespace imprint::transfer
