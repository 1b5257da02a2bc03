// SPDX-License-Identifier: Apache-2.0
#include "transfer/formats.h"

#include "base/name.h"

namespace imprint::transfer {

Result<Exported> export_as(std::string_view format, registry::Store& store,
                           const deployment::Layout& layout, const std::filesystem::path& folder,
                           const Clock& clock) {
  if (format == "imprint") {
    TRY_ASSIGN(Counts counts, export_registry(store, folder, clock));
    return Exported{.counts = std::move(counts)};
  }
  std::ignore = layout;
  return fail(Fault::invalid, "{} is no format; imprint, aws and mosquitto are", quote(format));
}

}  // namespace imprint::transfer
