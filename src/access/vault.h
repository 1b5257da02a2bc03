// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace imprint::access {

/// Encrypts the secrets of access keys for the store. SigV4 needs the plain secrets, so hashes do
/// not suffice. They are encrypted (AES-256-GCM) with a key outside the store, so that a copy of
/// the database alone does not reveal them. Immutable, any thread.
class Vault {
 public:
  /// `key` is 64 hexadecimal digits (deployment/key_file.h).
  static Result<Vault> make(const Secret& key);

  /// Base64. Bound to the access key id, so that one key's sealed secret cannot be used for another
  /// key.
  [[nodiscard]] std::string seal(std::string_view access_key_id, const Secret& secret,
                                 Random& random) const;
  /// Fails with Fault::invalid if it was sealed for another id or with another key.
  [[nodiscard]] Result<Secret> unseal(std::string_view access_key_id,
                                      std::string_view sealed) const;

 private:
  explicit Vault(Secret key) : key_(std::move(key)) {}
  Secret key_;  ///< raw bytes
};

}  // namespace imprint::access
