// SPDX-License-Identifier: Apache-2.0
#include "telemetry/build.h"

#include <fmt/format.h>

namespace imprint::telemetry {

std::string_view version() { return IMPRINT_VERSION; }

std::string compiler() {
#ifdef __clang__
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace imprint::telemetry
