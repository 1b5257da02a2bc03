// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/certificate_id.h"
#include "base/result.h"
#include "base/secret.h"
#include "registry/records.h"

namespace imprint::provisioning {

/// Makes and checks certificate ownership tokens. A token is the certificate's id and an HMAC over
/// the id, the certificate that asked for it and the round: unguessable without the key, bound to
/// all three, and the same each time the same pending certificate is handed out. So nothing of it
/// need be stored, and a device whose answer was lost is given the token it missed. 128 hexadecimal
/// digits, within the 512 bytes that embedded clients hold.
class OwnershipTokens {
 public:
  static constexpr std::size_t kCharacters = 128;

  /// `key`: 32 random bytes or more, kept outside the store.
  explicit OwnershipTokens(Secret key) : key_(std::move(key)) {}

  /// The token of the certificate's present round; it must have been asked for by somebody.
  [[nodiscard]] Secret token_of(const registry::Certificate& certificate) const;

  /// The certificate that a token speaks of. Proves nothing yet: see matches().
  static Result<CertificateId> parse(std::string_view token);

  /// In constant time.
  [[nodiscard]] bool matches(std::string_view token,
                             const registry::Certificate& certificate) const;

 private:
  Secret key_;
};

}  // namespace imprint::provisioning
