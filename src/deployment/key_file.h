// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace imprint::deployment {

/// A key of 256 bits, written as hexadecimal digits.
inline constexpr std::size_t kKeyFileDigits = 64;

/// Makes the file, mode 0600 from its first byte.
Result<void> make_key_file(const std::filesystem::path& file, Random& random);

/// Returns its digits. Fault::not_found when it does not exist, Fault::forbidden when others can
/// read it.
Result<Secret> load_key_file(const std::filesystem::path& file);

/// As above, but makes the file when first needed: for deployments that are older than the key.
Result<Secret> load_or_make_key_file(const std::filesystem::path& file, Random& random);

}  // namespace imprint::deployment
