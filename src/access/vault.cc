// SPDX-License-Identifier: Apache-2.0
#include "access/vault.h"

#include "encoding/text.h"
#include "x509/seal.h"

namespace imprint::access {

namespace {

Secret take_secret(Bytes bytes) {
  Secret out{std::string(as_text(bytes))};
  wipe(bytes.data(), bytes.size());
  return out;
}

}  // namespace

Result<Vault> Vault::make(const Secret& key) {
  auto bytes = encoding::from_hex(key.reveal());
  if (!bytes || bytes->size() != x509::kSealKeyBytes) {
    return fail(Fault::invalid, "the key of access credentials is not {} hexadecimal digits",
                2 * x509::kSealKeyBytes);
  }
  return Vault(take_secret(std::move(*bytes)));
}

std::string Vault::seal(std::string_view access_key_id, const Secret& secret,
                        Random& random) const {
  return encoding::to_base64(x509::seal(as_bytes(key_.reveal()), as_bytes(secret.reveal()),
                                        as_bytes(access_key_id), random));
}

Result<Secret> Vault::unseal(std::string_view access_key_id, std::string_view sealed) const {
  TRY_ASSIGN(const Bytes bytes, encoding::from_base64(sealed));
  TRY_ASSIGN(Bytes plain, x509::unseal(as_bytes(key_.reveal()), bytes, as_bytes(access_key_id)));
  return take_secret(std::move(plain));
}

}  // namespace imprint::access
