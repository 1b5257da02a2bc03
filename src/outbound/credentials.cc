// SPDX-License-Identifier: Apache-2.0
#include "outbound/credentials.h"

#include <algorithm>

#include "base/file.h"

namespace imprint::outbound {

namespace {

constexpr std::size_t kMaxSecretBytes = 4096;
constexpr std::size_t kLeastKeyBytes = 16;

}  // namespace

Result<Secret> load_secret(std::string_view key, const std::filesystem::path& file) {
  auto read = read_secret_file(file, kMaxSecretBytes);
  if (!read) return fail_at(read.error().fault, std::string(key), "{}", read.error().message);
  std::string_view text = read->reveal();
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const bool is_sound =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_sound) {
    return fail_at(Fault::invalid, std::string(key),
                   "{} must hold one line of visible ASCII characters without spaces",
                   file.string());
  }
  return Secret(std::string(text));
}

Result<Secret> load_signing_key(std::string_view key, const std::filesystem::path& file) {
  TRY_ASSIGN(Secret secret, load_secret(key, file));
  if (secret.reveal().size() >= kLeastKeyBytes) return secret;
  return fail_at(
      Fault::invalid, std::string(key),
      "the key has {} characters; at least {} are needed, for instance from openssl rand "
      "-hex 32",
      secret.reveal().size(), kLeastKeyBytes);
}

}  // namespace imprint::outbound
