// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace imprint::access {

/// Keeps the secrets of access keys unreadable in the store: SigV4 needs them in the clear, so they
/// are encrypted (AES-256-GCM) with a key that lies outside it. Whoever copies the database alone
/// has nothing. Immutable, any thread.
class Vault {
 public:
  /// `key` is 64 hexadecimal digits (deployment/key_file.h).
  static Result<Vault> make(const Secret& key);

  /// Base64; bound to the access key id, so that one key's secret cannot pass for another's.
  [[nodiscard]] std::string seal(std::string_view access_key_id, const Secret& secret,
                                 Random& random) const;
  /// Fault::invalid when it was sealed for another id or with another key.
  [[nodiscard]] Result<Secret> unseal(std::string_view access_key_id,
                                      std::string_view sealed) const;

 private:
  explicit Vault(Secret key) : key_(std::move(key)) {}
  Secret key_;  ///< raw bytes
};

}  // namespace imprint::access
