// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/certificate_id.h"
#include "base/result.h"
#include "base/secret.h"
#include "registry/records.h"

namespace imprint::provisioning {

/// Makes and checks certificate ownership tokens. A token consists of the certificate's id and
/// an HMAC over the id, the requesting certificate and the round. It cannot be guessed without the
/// key, and it is the same each time that the same pending certificate is returned. It therefore
/// need not be stored, and a device whose answer was lost gets the same token again. 128
/// hexadecimal digits fit into the 512 bytes that embedded clients reserve.
class OwnershipTokens {
 public:
  static constexpr std::size_t kCharacters = 128;

  /// `key`: 32 random bytes or more, kept outside the store.
  explicit OwnershipTokens(Secret key) : key_(std::move(key)) {}

  /// The token for the certificate's current round; `requested_by` must be set.
  [[nodiscard]] Secret token_of(const registry::Certificate& certificate) const;

  /// The certificate that a token names, without checking the HMAC: see matches().
  static Result<CertificateId> parse(std::string_view token);

  /// In constant time.
  [[nodiscard]] bool matches(std::string_view token,
                             const registry::Certificate& certificate) const;

 private:
  Secret key_;
};

}  // namespace imprint::provisioning
