// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

/// What a request to another machine shows to prove where it comes from.
namespace imprint::outbound {

/// The one line of a secret file (0600): visible ASCII without blanks, so that it may become part
/// of a header. Errors name `key`, the key of imprint.toml that names the file.
Result<Secret> load_secret(std::string_view key, const std::filesystem::path& file);
/// The same for a key of signatures, which has a least length.
Result<Secret> load_signing_key(std::string_view key, const std::filesystem::path& file);

/// "t={seconds since 1970},v1={hex}": HMAC-SHA-256 over "{t}.{body}".
std::string signature_header(const std::string& key, std::string_view body, Timestamp now);

}  // namespace imprint::outbound
