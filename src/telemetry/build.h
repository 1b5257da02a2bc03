// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace imprint::telemetry {

/// The version in CMakeLists.txt.
std::string_view version();

/// "clang 19.1.7"
std::string compiler();

}  // namespace imprint::telemetry
