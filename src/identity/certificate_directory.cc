// SPDX-License-Identifier: Apache-2.0
#include "identity/certificate_directory.h"

#include <algorithm>
#include <mutex>

namespace imprint::identity {

using registry::CertificateStatus;

registry::Task<Result<void>> CertificateDirectory::load(registry::Store& store) {
  constexpr std::size_t kPage = 10'000;
  registry::Cursor cursor{{}, kPage};
  while (true) {
    auto page = co_await store.list(registry::query::CertificateStatuses{}, cursor);
    if (!page) co_return tl::unexpected(std::move(page).error());
    for (const registry::Record& record : page->records) {
      const auto& certificate = std::get<registry::Certificate>(record);
      set(certificate.id, certificate.status);
    }
    if (!page->next) co_return Result<void>();
    cursor.after = *page->next;
  }
}

void CertificateDirectory::apply(const registry::ChangeSet& changes) {
  for (const registry::Change& change : changes.changes) {
    if (const auto* put = std::get_if<registry::Put>(&change)) {
      if (const auto* certificate = std::get_if<registry::Certificate>(&put->record)) {
        set(certificate->id, certificate->status);
      }
    } else if (const auto* erase = std::get_if<registry::Erase>(&change)) {
      if (erase->key.kind != registry::Kind::certificate) continue;
      if (const auto id = CertificateId::parse(erase->key.first)) set(*id, std::nullopt);
    }
  }
}

std::optional<CertificateStatus> CertificateDirectory::status(const CertificateId& id) const {
  const Stripe& stripe = stripes_[stripe_of(id)];
  const std::shared_lock lock(stripe.mutex);
  const auto it = stripe.statuses.find(id);
  if (it == stripe.statuses.end()) return std::nullopt;
  return it->second;
}

std::size_t CertificateDirectory::size() const {
  std::size_t all = 0;
  for (const std::size_t count : count_by_status()) all += count;
  return all;
}

std::array<std::size_t, 6> CertificateDirectory::count_by_status() const {
  std::array<std::size_t, 6> counts{};
  std::ranges::copy(counts_, counts.begin());
  return counts;
}

void CertificateDirectory::set(const CertificateId& id, std::optional<CertificateStatus> status) {
  const auto count = [this](CertificateStatus of) -> std::atomic<std::size_t>& {
    return counts_[static_cast<std::size_t>(of)];
  };
  Stripe& stripe = stripes_[stripe_of(id)];
  const std::unique_lock lock(stripe.mutex);
  const auto it = stripe.statuses.find(id);
  if (it != stripe.statuses.end()) --count(it->second);
  if (status) {
    ++count(*status);
    if (it != stripe.statuses.end()) {
      it->second = *status;
    } else {
      stripe.statuses.emplace(id, *status);
    }
  } else if (it != stripe.statuses.end()) {
    stripe.statuses.erase(it);
  }
}

}  // namespace imprint::identity
