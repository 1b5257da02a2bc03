// SPDX-License-Identifier: Apache-2.0
// Lines of a bulk registration: parsing never crashes, and what is accepted are named strings.
#include "base/error.h"
#include "bulk/line.h"
#include "encoding/json.h"

using namespace imprint;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parameters = bulk::parse_line(input);
  if (!parameters) return 0;
  IMPRINT_ASSERT(!bulk::is_blank(input));
  encoding::json::object again;
  for (const auto& [name, value] : *parameters) again[name] = value;
  IMPRINT_ASSERT(bulk::parse_line(encoding::to_json(again)) == *parameters);
  return 0;
}
