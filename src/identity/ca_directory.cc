// SPDX-License-Identifier: Apache-2.0
#include "identity/ca_directory.h"

#include <algorithm>

#include "x509/chain.h"

namespace imprint::identity {

struct CaDirectory::Snapshot {
  std::vector<Entry> all = {};
  /// Those that may introduce devices.
  std::optional<x509::TrustAnchors> anchors = {};
};

namespace {

bool may_introduce(const registry::CaCertificate& ca) {
  return ca.is_active && ca.auto_registration;
}

Unexpected refuse(const registry::CaCertificate& ca, std::string_view because,
                  std::string_view remedy) {
  return fail(Fault::forbidden,
              "its CA certificate {} is registered but {}, so that it introduces no devices; {}",
              ca.id.hex(), because, remedy);
}

/// Why a CA that is named in the chain does not vouch for it.
Unexpected refusal_of(const registry::CaCertificate& ca, const Error& verdict, Timestamp now) {
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
  if (now > ca.not_after) {
    return refuse(ca, "has expired", "register its successor, or the devices' certificates");
  }
  return fail(Fault::forbidden, "CA certificate {} is registered, but {}", ca.id.hex(),
              verdict.message);
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
  // It was read when it was registered; what cannot be read now vouches for nobody.
  const auto certificate = x509::Certificate::from_pem(record.pem);
  entries_.erase(record.id);
  if (certificate) entries_.emplace(record.id, Entry{record, *certificate});
}

void CaDirectory::publish() {
  auto next = std::make_shared<Snapshot>();
  std::vector<x509::Certificate> introducers;
  for (const auto& [id, entry] : entries_) {
    next->all.push_back(entry);
    if (may_introduce(entry.record)) introducers.push_back(entry.certificate);
  }
  if (auto anchors = x509::TrustAnchors::make(introducers)) next->anchors = std::move(*anchors);
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
  const auto names = [&](const Entry& ca) {
    const auto is_issuer = [&](const x509::Certificate& certificate) {
      return certificate.issuer() == ca.certificate.subject();
    };
    return is_issuer(leaf) || std::ranges::any_of(sent, is_issuer);
  };
  const auto named = std::ranges::find_if(snapshot->all, names);
  if (named == snapshot->all.end()) {
    return fail(Fault::not_found,
                "no registered CA certificate has the subject \"{}\", which it names as its issuer",
                leaf.issuer().text());
  }
  const auto chain = snapshot->anchors->verify(leaf, sent, now, x509::ChainPurpose::tls_client);
  if (chain) {
    // OpenSSL stops at the first certificate that is an anchor.
    for (const x509::Certificate& certificate : *chain) {
      if (certificate == leaf) continue;
      const auto anchor = std::ranges::find_if(snapshot->all, [&](const Entry& ca) {
        return ca.certificate == certificate && may_introduce(ca.record);
      });
      if (anchor != snapshot->all.end()) return FirstContact{leaf, anchor->record.id};
    }
    return fail(Fault::internal, "a chain was verified that ends at no registered CA");
  }
  // Of several with one subject, the one that is told of is the one that could be mended.
  const auto able = std::ranges::find_if(
      snapshot->all, [&](const Entry& ca) { return names(ca) && may_introduce(ca.record); });
  return refusal_of(able == snapshot->all.end() ? named->record : able->record, chain.error(), now);
}

}  // namespace imprint::identity
