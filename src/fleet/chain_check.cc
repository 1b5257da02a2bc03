// SPDX-License-Identifier: Apache-2.0
#include "fleet/chain_check.h"

#include <algorithm>
#include <iterator>

namespace imprint::fleet {

namespace {

const x509::Certificate* find_issuer(const x509::Certificate& certificate,
                                     const std::vector<x509::Certificate>& candidates) {
  const auto found =
      std::ranges::find(candidates, certificate.issuer(), &x509::Certificate::subject);
  return found == candidates.end() ? nullptr : &*found;
}

}  // namespace

Result<ChainCheck> ChainCheck::make(std::vector<x509::Certificate> roots,
                                    std::vector<x509::Certificate> issuers) {
  TRY_ASSIGN(x509::TrustAnchors anchors, x509::TrustAnchors::make(roots));
  roots.insert(roots.end(), std::make_move_iterator(issuers.begin()),
               std::make_move_iterator(issuers.end()));
  return ChainCheck(std::move(anchors), std::move(roots));
}

Result<void> ChainCheck::check(const x509::Certificate& certificate,
                               const std::vector<x509::Certificate>& sent, Timestamp now) {
  const x509::Certificate* issuer = find_issuer(certificate, known_);
  if (issuer == nullptr) issuer = find_issuer(certificate, sent);
  if (issuer == nullptr) {
    return fail(Fault::forbidden,
                "its issuer \"{}\" is neither the root, nor a CA of the deployment, nor a CA that "
                "the server sends",
                certificate.issuer().text());
  }
  if (!proven_.contains(issuer->id())) {
    std::vector<x509::Certificate> intermediates = known_;
    intermediates.insert(intermediates.end(), sent.begin(), sent.end());
    TRY(anchors_.verify(certificate, intermediates, now, x509::ChainPurpose::tls_client));
    proven_.insert(issuer->id());
    return {};
  }
  if (certificate.is_ca()) return fail(Fault::forbidden, "it is a CA certificate");
  if (now < certificate.not_before() || now > certificate.not_after())
    return fail(Fault::forbidden, "it is not valid at this time; check both clocks");
  return certificate.verify_signed_by(*issuer);
}

}  // namespace imprint::fleet
