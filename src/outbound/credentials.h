// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

/// The credentials with which a request to another machine proves where it comes from.
namespace imprint::outbound {

/// Loads the only line of a secret file (0600): visible ASCII without spaces, so that it may become
/// part of a header. Errors name `key`, the key of imprint.toml that names the file.
Result<Secret> load_secret(std::string_view key, const std::filesystem::path& file);
/// As above, for a signing key, which has a minimum length.
Result<Secret> load_signing_key(std::string_view key, const std::filesystem::path& file);

}  // namespace imprint::outbound
