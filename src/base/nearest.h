// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace imprint {

/// The name that the author of `wanted` probably meant: the one that differs in the fewest
/// insertions, deletions and replacements (ignoring case), if these are few for its length. Nullopt
/// where two are equally near. For "did you mean".
std::optional<std::string> nearest(std::string_view wanted, std::span<const std::string> names);

}  // namespace imprint
