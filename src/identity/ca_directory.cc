// SPDX-License-Identifier: Apache-2.0
#include "identity/ca_directory.h"

#include <algorithm>
#include <functional>

#include "issuance/key_rules.h"
#include "outcome/causes.h"

namespace imprint::identity {

namespace {

/// Signatures that are verified to find out who signed what: a client chooses the names, and has
/// proved nothing yet. As many as the longest chain needs, and as many again for namesakes.
constexpr int kMaxVerifications = 2 * static_cast<int>(kMaxChain);

Unexpected refuse(Cause cause, std::string message) {
  return Unexpected(Error{Fault::forbidden, std::move(message), {}, cause});
}

Unexpected refuse(const registry::CaCertificate& ca, std::string_view because,
                  std::string_view remedy) {
  return refuse(
      "CaNotInUse"_cause,
      fmt::format("its CA certificate {} is registered but {}, so that it introduces no devices; "
                  "{}",
                  ca.id.hex(), because, remedy));
}

Result<void> check_introducer(const registry::CaCertificate& ca, Timestamp now) {
  if (!ca.is_active) {
    return refuse(ca, "INACTIVE",
                  fmt::format("aws iot update-ca-certificate --certificate-id {} "
                              "--new-status ACTIVE admits them",
                              ca.id.hex()));
  }
  if (!ca.auto_registration) {
    return refuse(ca, "its auto-registration is disabled",
                  fmt::format("aws iot update-ca-certificate --certificate-id {} "
                              "--new-auto-registration-status ENABLE admits them",
                              ca.id.hex()));
  }
  if (now > ca.not_after)
    return refuse(ca, "has expired", "register its successor, or the devices' certificates");
  return {};
}

/// What a device's own certificate can be told by before its chain is built.
Result<void> check_leaf(const x509::Certificate& leaf, Timestamp now) {
  if (now > leaf.not_after())
    return refuse("CertificateExpired"_cause, "the certificate has expired");
  if (now < leaf.not_before()) {
    return refuse("CertificateNotYetValid"_cause,
                  "the certificate is not valid yet, by the clock of this server");
  }
  if (const auto fit = issuance::check_device_key(leaf.public_key()); !fit)
    return refuse("KeyNotAccepted"_cause, fit.error().message);
  return {};
}

/// RFC 4158 section 3.5.12: identifiers that both have and that differ mean another key.
enum class Identifiers { fit, silent, differ };

Identifiers compare_identifiers(const x509::Certificate& issuer,
                                const x509::Certificate& certificate) {
  const Bytes& wanted = certificate.extensions().authority_key_id;
  const Bytes& found = issuer.extensions().subject_key_id;
  if (wanted.empty() || found.empty()) return Identifiers::silent;
  return wanted == found ? Identifiers::fit : Identifiers::differ;
}

/// Finds out who signed a certificate, within what one handshake may cost.
class SignerSearch {
 public:
  /// Of the candidates the one whose key signed it, those whose key identifier fits first. Null
  /// when there is none; Fault::forbidden when that would take too many verifications.
  template <class Candidates, class Project>
  auto find(const Candidates& candidates, Project certificate_of,
            const x509::Certificate& certificate)
      -> Result<decltype(&*std::ranges::begin(candidates))> {
    for (const Identifiers wanted : {Identifiers::fit, Identifiers::silent}) {
      for (const auto& candidate : candidates) {
        const x509::Certificate& issuer = certificate_of(candidate);
        if (issuer.subject() != certificate.issuer() ||
            compare_identifiers(issuer, certificate) != wanted)
          continue;
        if (left_ == 0) {
          return fail(Fault::forbidden,
                      "after {} signatures it is still open who signed \"{}\": several CA "
                      "certificates are named \"{}\" and no key identifier tells them apart",
                      kMaxVerifications, certificate.subject().text(), certificate.issuer().text());
        }
        --left_;
        const auto verified = certificate.verify_signed_by(issuer);
        if (verified) return &candidate;
        if (verified.error().cause == "SignatureNotAccepted"_cause)
          not_accepted_ = verified.error().message;
      }
    }
    return nullptr;
  }

  /// Why a signature that a candidate's name stands on could not even be looked at; or nothing.
  [[nodiscard]] const std::string& not_accepted() const { return not_accepted_; }

 private:
  int left_ = kMaxVerifications;
  std::string not_accepted_;
};

}  // namespace

CaDirectory::CaDirectory() : snapshot_(std::make_shared<const Snapshot>()) {}

registry::Task<Result<void>> CaDirectory::load(registry::Store& store) {
  CO_TRY_ASSIGN(const std::vector<registry::CaCertificate> records,
                co_await registry::list_all<registry::CaCertificate>(
                    store, registry::query::CaCertificates{}));
  const std::scoped_lock lock(mutex_);
  for (const registry::CaCertificate& record : records) put(record);
  publish();
  co_return Result<void>();
}

void CaDirectory::apply(const registry::ChangeSet& changes) {
  bool is_touched = false;
  const std::scoped_lock lock(mutex_);
  for (const registry::Change& change : changes.changes) {
    if (const auto* changed = std::get_if<registry::Put>(&change)) {
      const auto* record = std::get_if<registry::CaCertificate>(&changed->record);
      if (record == nullptr) continue;
      put(*record);
      is_touched = true;
    } else if (const auto* erase = std::get_if<registry::Erase>(&change)) {
      if (erase->key.kind != registry::Kind::ca_certificate) continue;
      if (const auto id = CertificateId::parse(erase->key.first)) entries_.erase(*id);
      is_touched = true;
    }
  }
  if (is_touched) publish();
}

void CaDirectory::put(const registry::CaCertificate& record) {
  entries_.erase(record.id);
  // It was read when it was registered; what cannot be read now vouches for nobody.
  const auto certificate = x509::Certificate::from_pem(record.pem);
  if (!certificate) return;
  auto anchor = x509::TrustAnchors::make({&*certificate, 1});
  if (anchor) entries_.emplace(record.id, Entry{record, *certificate, std::move(*anchor)});
}

void CaDirectory::publish() {
  auto next = std::make_shared<Snapshot>();
  for (const auto& [id, entry] : entries_) next->push_back(entry);
  snapshot_ = std::move(next);
}

Result<FirstContact> CaDirectory::vouch(const x509::Certificate& leaf,
                                        std::span<const x509::Certificate> sent,
                                        Timestamp now) const {
  std::shared_ptr<const Snapshot> snapshot;
  {
    const std::scoped_lock lock(mutex_);
    snapshot = snapshot_;
  }
  SignerSearch search;
  const auto of_entry = [](const Entry& ca) -> const x509::Certificate& { return ca.certificate; };
  const x509::Certificate* step = &leaf;
  std::vector<x509::Certificate> way;  // between the leaf and its CA
  while (step != nullptr && way.size() < kMaxChain && !snapshot->empty()) {
    TRY_ASSIGN(const Entry* ca, search.find(*snapshot, of_entry, *step));
    if (ca == nullptr) {
      TRY_ASSIGN(step, search.find(sent, std::identity(), *step));
      if (step != nullptr) way.push_back(*step);
      continue;
    }
    TRY(check_introducer(ca->record, now));
    TRY(check_leaf(leaf, now));
    // Only what leads to the CA: what else came along is not to be looked at again.
    const auto chain = ca->anchor.verify(leaf, way, now, x509::ChainPurpose::tls_client);
    if (chain) return FirstContact{leaf, ca->record.id};
    return refuse("ChainNotAccepted"_cause,
                  fmt::format("CA certificate {} is registered, but {}", ca->record.id.hex(),
                              chain.error().message));
  }
  if (!search.not_accepted().empty()) {
    return refuse("SignatureNotAccepted"_cause,
                  fmt::format("a CA certificate of the name that it gives as its issuer, \"{}\", "
                              "is known, but its {}",
                              leaf.issuer().text(), search.not_accepted()));
  }
  return fail(Fault::not_found,
              "no registered CA certificate signed it or what was sent along with it; the issuer "
              "that it names is \"{}\"",
              leaf.issuer().text());
}

}  // namespace imprint::identity
