// SPDX-License-Identifier: Apache-2.0
#include "identity/ca_directory.h"

#include <algorithm>

namespace imprint::identity {

namespace {

/// No chain of devices is longer.
constexpr int kMaxSteps = 8;

Unexpected refuse(const registry::CaCertificate& ca, std::string_view because,
                  std::string_view remedy) {
  return fail(Fault::forbidden,
              "its CA certificate {} is registered but {}, so that it introduces no devices; {}",
              ca.id.hex(), because, remedy);
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

/// Of those sent along, the one that signed `certificate`.
const x509::Certificate* signer_among(std::span<const x509::Certificate> sent,
                                      const x509::Certificate& certificate) {
  const auto it = std::ranges::find_if(sent, [&](const x509::Certificate& one) {
    return one.subject() == certificate.issuer() && certificate.verify_signed_by(one).has_value();
  });
  return it == sent.end() ? nullptr : &*it;
}

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

const CaDirectory::Entry* CaDirectory::signer_of(const Snapshot& snapshot,
                                                 const x509::Certificate& certificate) {
  const auto it = std::ranges::find_if(snapshot, [&](const Entry& ca) {
    return ca.certificate.subject() == certificate.issuer() &&
           certificate.verify_signed_by(ca.certificate).has_value();
  });
  return it == snapshot.end() ? nullptr : &*it;
}

Result<FirstContact> CaDirectory::vouch(const x509::Certificate& leaf,
                                        std::span<const x509::Certificate> sent,
                                        Timestamp now) const {
  std::shared_ptr<const Snapshot> snapshot;
  {
    const std::scoped_lock lock(mutex_);
    snapshot = snapshot_;
  }
  const x509::Certificate* step = &leaf;
  for (int i = 0; i < kMaxSteps && step != nullptr && !snapshot->empty(); ++i) {
    const Entry* ca = signer_of(*snapshot, *step);
    if (ca == nullptr) {
      step = signer_among(sent, *step);
      continue;
    }
    TRY(check_introducer(ca->record, now));
    const auto chain = ca->anchor.verify(leaf, sent, now, x509::ChainPurpose::tls_client);
    if (chain) return FirstContact{leaf, ca->record.id};
    return fail(Fault::forbidden, "CA certificate {} is registered, but {}", ca->record.id.hex(),
                chain.error().message);
  }
  return fail(Fault::not_found,
              "no registered CA certificate signed it or what was sent along with it; the issuer "
              "that it names is \"{}\"",
              leaf.issuer().text());
}

}  // namespace imprint::identity
