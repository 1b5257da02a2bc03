// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace imprint {

/// How an operator can fix a disk that refuses writes, as the end of a message that names the file:
/// "; make room on the disk". Empty for every other errno.
std::string_view disk_remedy(int reason);

/// Bytes that may be written to the file system of `directory`; nullopt when that cannot be
/// determined.
std::optional<std::uint64_t> free_bytes(const std::filesystem::path& directory);

}  // namespace imprint
