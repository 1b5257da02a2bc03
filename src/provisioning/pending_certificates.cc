// SPDX-License-Identifier: Apache-2.0
#include "provisioning/pending_certificates.h"

namespace imprint::provisioning {

registry::Task<Result<void>> PendingCertificates::load(registry::Store& store) {
  CO_TRY_ASSIGN(const std::vector<registry::Certificate> pending,
                co_await registry::list_all<registry::Certificate>(
                    store, registry::query::ExpiredCertificates{Timestamp::max()}));
  const std::scoped_lock lock(mutex_);
  for (const registry::Certificate& certificate : pending) add(certificate);
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

std::size_t PendingCertificates::count(const CertificateId& requester) const {
  const std::scoped_lock lock(mutex_);
  const auto it = counts_.find(requester);
  return it == counts_.end() ? 0 : it->second;
}

std::optional<PendingCertificates::Place> PendingCertificates::reserve(
    const CertificateId& requester, std::size_t most) {
  const std::scoped_lock lock(mutex_);
  const auto counted = counts_.find(requester);
  const std::size_t present = counted == counts_.end() ? 0 : counted->second;
  const auto held = reserved_.find(requester);
  const std::size_t coming = held == reserved_.end() ? 0 : held->second;
  if (present + coming >= most) return std::nullopt;
  ++reserved_[requester];
  return std::optional<Place>(std::in_place, *this, requester);
}

PendingCertificates::Place::~Place() {
  if (of_ == nullptr) return;
  const std::scoped_lock lock(of_->mutex_);
  const auto held = of_->reserved_.find(requester_);
  if (--held->second == 0) of_->reserved_.erase(held);
}

void PendingCertificates::add(const registry::Certificate& certificate) {
  if (certificate.status != registry::CertificateStatus::pending_activation ||
      !certificate.requested_by) {
    remove(certificate.id);
    return;
  }
  if (requesters_.emplace(certificate.id, *certificate.requested_by).second)
    ++counts_[*certificate.requested_by];
}

void PendingCertificates::remove(const CertificateId& id) {
  const auto it = requesters_.find(id);
  if (it == requesters_.end()) return;
  const auto count = counts_.find(it->second);
  if (--count->second == 0) counts_.erase(count);
  requesters_.erase(it);
}

}  // namespace imprint::provisioning
