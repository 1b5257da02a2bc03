// SPDX-License-Identifier: Apache-2.0
#include "transfer/formats.h"

#include "base/name.h"
#include "transfer/aws.h"
#include "transfer/mosquitto.h"

namespace imprint::transfer {

Result<Exported> export_as(std::string_view format, registry::Store& store,
                           const deployment::Layout& layout, const std::filesystem::path& folder,
                           const Clock& clock) {
  if (format == "aws") return export_for_aws(store, layout, folder);
  if (format == "mosquitto") return export_for_mosquitto(store, layout, folder, clock);
  if (format != "imprint")
    return fail(Fault::invalid, "{} is not a format; use imprint, aws or mosquitto", quote(format));
  TRY_ASSIGN(Counts counts, export_registry(store, folder, clock));
  return Exported{.counts = std::move(counts)};
}

}  // namespace imprint::transfer
