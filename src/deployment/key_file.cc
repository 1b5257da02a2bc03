// SPDX-License-Identifier: Apache-2.0
#include "deployment/key_file.h"

#include "base/file.h"
#include "encoding/text.h"

namespace imprint::deployment {

Result<void> make_key_file(const std::filesystem::path& file, Random& random) {
  Bytes key(kKeyFileDigits / 2);
  random.fill(key);
  const Secret text(encoding::to_hex(key));
  wipe(key.data(), key.size());
  return write_file_durably(file, 0600, text.reveal());
}

Result<Secret> load_key_file(const std::filesystem::path& file) {
  constexpr std::size_t kMaxBytes = 4096;
  TRY_ASSIGN(Secret text, read_secret_file(file, kMaxBytes));
  if (text.reveal().size() != kKeyFileDigits || !encoding::from_hex(text.reveal())) {
    return fail(Fault::invalid, "{} does not hold {} hexadecimal digits; restore it from a backup",
                file.string(), kKeyFileDigits);
  }
  return text;
}

Result<Secret> load_or_make_key_file(const std::filesystem::path& file, Random& random) {
  auto found = load_key_file(file);
  if (found || found.error().fault != Fault::not_found) return found;
  TRY(make_key_file(file, random));
  return load_key_file(file);
}

}  // namespace imprint::deployment
