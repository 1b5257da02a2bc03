// SPDX-License-Identifier: Apache-2.0
#include "identity/ca_directory.h"

#include <algorithm>
#include <functional>

#include "issuance/key_rules.h"
#include "outcome/causes.h"

namespace imprint::identity {

namespace {

/// The most signatures that are verified to find the signers in one chain, since an unauthenticated
/// client chooses the names: as many as the longest chain needs, and as many again for CAs with the
/// same name.
constexpr int kMaxVerifications = 2 * static_cast<int>(kMaxChain);

Unexpected refuse(Cause cause, std::string message) {
  return Unexpected(Error{Fault::forbidden, std::move(message), {}, cause});
}

Unexpected refuse(const registry::CaCertificate& ca, std::string_view because,
                  std::string_view remedy) {
  return refuse("CaNotInUse"_cause, fmt::format("its CA certificate {} is registered but {}, so "
                                                "its devices are not registered automatically; {}",
                                                ca.id.hex(), because, remedy));
}

Result<void> check_introducer(const registry::CaCertificate& ca, Timestamp now) {
  if (!ca.is_active) {
    return refuse(
        ca, "INACTIVE",
        fmt::format(
            "aws iot update-ca-certificate --certificate-id {} --new-status ACTIVE allows it",
            ca.id.hex()));
  }
  if (!ca.auto_registration) {
    return refuse(ca, "its auto-registration is disabled",
                  fmt::format("aws iot update-ca-certificate --certificate-id {} "
                              "--new-auto-registration-status ENABLE allows it",
                              ca.id.hex()));
  }
  if (now > ca.not_after)
    return refuse(ca, "has expired", "register its successor or the devices' certificates");
  return {};
}

/// Checks of the device's own certificate that do not need its chain.
Result<void> check_leaf(const x509::Certificate& leaf, Timestamp now) {
  if (now > leaf.not_after())
    return refuse("CertificateExpired"_cause, "the certificate has expired");
  if (now < leaf.not_before()) {
    return refuse("CertificateNotYetValid"_cause,
                  "the certificate is not valid yet according to this server's clock");
  }
  if (const auto accepted = issuance::check_device_key(leaf.public_key()); !accepted)
    return refuse("KeyNotAccepted"_cause, accepted.error().message);
  return {};
}

/// Compares key identifiers (RFC 4158 section 3.5.12). If both certificates have one and they
/// differ, the issuer's key is a different one.
enum class Identifiers { match, missing, differ };

Identifiers compare_identifiers(const x509::Certificate& issuer,
                                const x509::Certificate& certificate) {
  const Bytes& wanted = certificate.extensions().authority_key_id;
  const Bytes& found = issuer.extensions().subject_key_id;
  if (wanted.empty() || found.empty()) return Identifiers::missing;
  return wanted == found ? Identifiers::match : Identifiers::differ;
}

/// Finds the signers of certificates; limits the cost per handshake.
class SignerSearch {
 public:
  /// The candidate whose key signed `certificate`; those with a matching key identifier are tried
  /// first. Null if there is none. Fails with Fault::forbidden if that takes too many
  /// verifications.
  template <class Candidates, class Project>
  auto find(const Candidates& candidates, Project certificate_of,
            const x509::Certificate& certificate)
      -> Result<decltype(&*std::ranges::begin(candidates))> {
    for (const Identifiers wanted : {Identifiers::match, Identifiers::missing}) {
      for (const auto& candidate : candidates) {
        const x509::Certificate& issuer = certificate_of(candidate);
        if (issuer.subject() != certificate.issuer() ||
            compare_identifiers(issuer, certificate) != wanted)
          continue;
        if (left_ == 0) {
          return fail(
              Fault::forbidden,
              "the signer of \"{}\" was not found within {} signature checks: several CA "
              "certificates are named \"{}\" and have no key identifiers that distinguish them",
              certificate.subject().text(), kMaxVerifications, certificate.issuer().text());
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

  /// The reason if a signature could not be verified because its algorithm is not accepted;
  /// otherwise empty.
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
  // It was readable when it was registered. If it no longer is, skip it.
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
  std::vector<x509::Certificate> path;  // from the leaf to its CA, without both
  while (step != nullptr && path.size() < kMaxChain && !snapshot->empty()) {
    TRY_ASSIGN(const Entry* ca, search.find(*snapshot, of_entry, *step));
    if (ca == nullptr) {
      TRY_ASSIGN(step, search.find(sent, std::identity(), *step));
      if (step != nullptr) path.push_back(*step);
      continue;
    }
    TRY(check_introducer(ca->record, now));
    TRY(check_leaf(leaf, now));
    // Pass only the certificates that lead to the CA, so that no others are checked.
    const auto chain = ca->anchor.verify(leaf, path, now, x509::ChainPurpose::tls_client);
    if (chain) return FirstContact{leaf, ca->record.id};
    return refuse("ChainNotAccepted"_cause,
                  fmt::format("CA certificate {} is registered, but {}", ca->record.id.hex(),
                              chain.error().message));
  }
  if (!search.not_accepted().empty()) {
    return refuse(
        "SignatureNotAccepted"_cause,
        fmt::format("a CA certificate with the name of its issuer, \"{}\", is known, but its {}",
                    leaf.issuer().text(), search.not_accepted()));
  }
  return fail(Fault::not_found,
              "no registered CA certificate signed it or the certificates sent with it; it names "
              "the issuer \"{}\"",
              leaf.issuer().text());
}

}  // namespace imprint::identity
