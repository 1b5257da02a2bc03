// SPDX-License-Identifier: Apache-2.0
#include "provisioning/pending_certificates.h"

#include "x509/certificate.h"
#include "x509/digest.h"

namespace imprint::provisioning {

registry::Task<Result<void>> PendingCertificates::load(registry::Store& store) {
  CO_TRY_ASSIGN(const std::vector<registry::Certificate> pending,
                co_await registry::list_all<registry::Certificate>(
                    store, registry::query::ExpiredCertificates{Timestamp::max()}));
  CO_TRY_ASSIGN(const std::vector<registry::Certificate> introduced,
                co_await registry::list_all<registry::Certificate>(
                    store, registry::query::AwaitingActivation{}));
  const std::scoped_lock lock(mutex_);
  for (const registry::Certificate& certificate : pending) add(certificate);
  for (const registry::Certificate& certificate : introduced) add(certificate);
  co_return Result<void>();
}

void PendingCertificates::apply(const registry::ChangeSet& changes) {
  const std::scoped_lock lock(mutex_);
  for (const registry::Change& change : changes.changes) {
    if (const auto* put = std::get_if<registry::Put>(&change)) {
      const auto* certificate = std::get_if<registry::Certificate>(&put->record);
      if (certificate != nullptr) add(*certificate);
    } else if (const auto* erase = std::get_if<registry::Erase>(&change)) {
      if (erase->key.kind != registry::Kind::certificate) continue;
      if (const auto id = CertificateId::parse(erase->key.first)) remove(*id);
    }
  }
}

std::size_t PendingCertificates::count(const CertificateId& admitter) const {
  const std::scoped_lock lock(mutex_);
  const auto it = counts_.find(admitter);
  return it == counts_.end() ? 0 : it->second;
}

std::optional<PendingCertificates::Place> PendingCertificates::reserve(
    const CertificateId& admitter, std::size_t most) {
  const std::scoped_lock lock(mutex_);
  const auto counted = counts_.find(admitter);
  const std::size_t present = counted == counts_.end() ? 0 : counted->second;
  const auto held = reserved_.find(admitter);
  const std::size_t coming = held == reserved_.end() ? 0 : held->second;
  if (present + coming >= most) return std::nullopt;
  ++reserved_[admitter];
  return std::optional<Place>(std::in_place, *this, admitter);
}

PendingCertificates::Place::~Place() {
  if (of_ == nullptr) return;
  const std::scoped_lock lock(of_->mutex_);
  const auto held = of_->reserved_.find(admitter_);
  if (--held->second == 0) of_->reserved_.erase(held);
}

std::vector<CertificateId> PendingCertificates::waiting(
    const CertificateId& ca, const x509::DistinguishedName& subject) const {
  std::vector<CertificateId> out;
  const std::scoped_lock lock(mutex_);
  const auto same = by_name_.find({ca, x509::sha256(subject.der())});
  if (same == by_name_.end()) return out;
  for (const auto& [since, id] : same->second) out.push_back(id);
  return out;
}

void PendingCertificates::add(const registry::Certificate& certificate) {
  remove(certificate.id);
  if (certificate.status != registry::CertificateStatus::pending_activation) return;
  if (!certificate.requested_by && !certificate.ca_certificate) return;
  Waiting waiting{.admitter = certificate.requested_by ? *certificate.requested_by
                                                       : *certificate.ca_certificate,
                  .since = certificate.created};
  if (!certificate.requested_by) {
    const auto read = x509::Certificate::from_pem(certificate.pem);
    // An empty subject does not identify a device.
    if (read && !read->subject().attributes().empty()) {
      waiting.name.emplace(*certificate.ca_certificate, x509::sha256(read->subject().der()));
      by_name_[*waiting.name].emplace(waiting.since, certificate.id);
    }
  }
  ++counts_[waiting.admitter];
  waiting_.emplace(certificate.id, std::move(waiting));
}

void PendingCertificates::remove(const CertificateId& id) {
  const auto it = waiting_.find(id);
  if (it == waiting_.end()) return;
  const Waiting& waiting = it->second;
  const auto count = counts_.find(waiting.admitter);
  if (--count->second == 0) counts_.erase(count);
  if (waiting.name) {
    const auto same = by_name_.find(*waiting.name);
    same->second.erase({waiting.since, id});
    if (same->second.empty()) by_name_.erase(same);
  }
  waiting_.erase(it);
}

}  // namespace imprint::provisioning
