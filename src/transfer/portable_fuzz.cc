// SPDX-License-Identifier: Apache-2.0
// A line of an export: reading never crashes, and whatever is accepted is written back unchanged.
#include "base/error.h"
#include "transfer/portable.h"

using namespace imprint;            // NOLINT(google-build-using-namespace)
using namespace imprint::transfer;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = encoding::parse_json(as_text({data, size}));
  if (!value) return 0;
  for (std::size_t i = 0; i < registry::kKinds; ++i) {
    const auto kind = static_cast<registry::Kind>(i);
    const auto record = from_portable(kind, *value);
    if (!record) {
      IMPRINT_ASSERT(record.error().fault == Fault::invalid);
      continue;
    }
    std::ignore = check_record(*record);
    const auto written = to_portable(*record);
    const auto again = from_portable(kind, written);
    IMPRINT_ASSERT(again && to_portable(*again) == written);
  }
  return 0;
}
