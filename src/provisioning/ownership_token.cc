// SPDX-License-Identifier: Apache-2.0
#include "provisioning/ownership_token.h"

#include "encoding/text.h"
#include "outcome/causes.h"
#include "provisioning/caller.h"
#include "x509/digest.h"

namespace imprint::provisioning {

Secret OwnershipTokens::token_of(const registry::Certificate& certificate) const {
  IMPRINT_ASSERT(certificate.requested_by.has_value());
  const std::string id = certificate.id.hex();
  const std::string bound =
      fmt::format("imprint ownership token|{}|{}|{}", id, certificate.requested_by->hex(),
                  certificate.ownership_round);
  return Secret(id + encoding::to_hex(x509::hmac_sha256(as_bytes(key_.reveal()), as_bytes(bound))));
}

Result<CertificateId> OwnershipTokens::parse(std::string_view token) {
  const auto refuse = [](std::string message) {
    return tl::unexpected(Error{Fault::invalid, std::move(message), "certificateOwnershipToken",
                                "InvalidCertificateOwnershipToken"_cause});
  };
  // AWS's own words, observed; clients' documentation quotes them.
  if (token.empty()) return refuse("Certificate ownership token cannot be empty.");
  if (token.size() != kCharacters) {
    return refuse(
        fmt::format("Certificate ownership token has {} characters where {} are expected; send the "
                    "certificateOwnershipToken of the create answer unchanged",
                    token.size(), kCharacters));
  }
  const auto id = CertificateId::parse(token.substr(0, kCharacters / 2));
  if (!id)
    return refuse(
        "Certificate ownership token is malformed; send the one of the create answer unchanged");
  return *id;
}

bool OwnershipTokens::matches(std::string_view token,
                              const registry::Certificate& certificate) const {
  if (!certificate.requested_by) return false;
  return equal_constant_time(as_bytes(token_of(certificate).reveal()), as_bytes(token));
}

}  // namespace imprint::provisioning
