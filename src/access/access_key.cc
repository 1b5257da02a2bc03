// SPDX-License-Identifier: Apache-2.0
#include "access/access_key.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/name.h"
#include "encoding/text.h"

namespace imprint::access {

namespace {

constexpr std::string_view kIdAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kIdChars = 16;
constexpr std::size_t kSecretBytes = 30;  // 40 characters of base64
constexpr std::size_t kMaxFileBytes = 65536;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The value of `key` in section [default] of a shared-credentials file; empty when missing.
std::string_view value_of(std::string_view text, std::string_view key) {
  bool in_default = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with('[')) {
      in_default = line == "[default]";
      continue;
    }
    const auto equals = line.find('=');
    if (in_default && equals != std::string_view::npos && trim(line.substr(0, equals)) == key)
      return trim(line.substr(equals + 1));
  }
  return {};
}

bool is_access_key_id(std::string_view text) {
  return text.size() >= 16 && text.size() <= 128 && std::ranges::all_of(text, name_rules::is_alnum);
}

}  // namespace

AccessKey AccessKey::make(Random& random) {
  std::array<std::uint8_t, kIdChars> id{};
  random.fill(id);
  AccessKey out;
  out.id = "AKIA";
  for (const std::uint8_t b : id) out.id += kIdAlphabet[b & 31U];
  std::array<std::uint8_t, kSecretBytes> secret{};
  random.fill(secret);
  out.secret = Secret(encoding::to_base64(secret));
  wipe(secret.data(), secret.size());
  return out;
}

Result<AccessKey> AccessKey::load(const std::filesystem::path& file) {
  TRY_ASSIGN(const Secret text, read_secret_file(file, kMaxFileBytes));
  const std::string_view id = value_of(text.reveal(), "aws_access_key_id");
  const std::string_view secret = value_of(text.reveal(), "aws_secret_access_key");
  if (!is_access_key_id(id) || secret.size() < 16 || secret.size() > 128) {
    return fail(Fault::invalid,
                "{}: profile [default] must have aws_access_key_id (16 to 128 letters and digits) "
                "and aws_secret_access_key (16 to 128 characters)",
                file.string());
  }
  return AccessKey{std::string(id), Secret(std::string(secret))};
}

Secret AccessKey::file_text() const {
  return Secret("[default]\naws_access_key_id = " + id +
                "\naws_secret_access_key = " + secret.reveal() + "\n");
}

}  // namespace imprint::access
