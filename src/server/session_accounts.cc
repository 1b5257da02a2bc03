// SPDX-License-Identifier: Apache-2.0
#include "server/session_accounts.h"

#include <algorithm>

namespace imprint::server {

std::shared_ptr<SessionAccounts::Account> SessionAccounts::account(const CertificateId& certificate,
                                                                   std::size_t most) {
  Stripe& stripe = stripes_[certificate.bytes().back() % kStripes];
  const std::scoped_lock lock(stripe.mutex);
  if (stripe.accounts.size() >= stripe.swept_at) {
    std::erase_if(stripe.accounts, [](const auto& entry) { return entry.second.expired(); });
    stripe.swept_at = std::max<std::size_t>(64, 2 * stripe.accounts.size());
  }
  std::weak_ptr<Account>& known = stripe.accounts[certificate];
  auto found = known.lock();
  if (!found) {
    found = std::make_shared<Account>(most, total_);
    known = found;
  }
  return found;
}

std::shared_ptr<mqtt::QueueAccount> SessionAccounts::of(const CertificateId& certificate) {
  const auto found = account(certificate, bounds_.bytes_per_certificate);
  return {found, &found->queues};
}

std::shared_ptr<mqtt::QueueAccount> SessionAccounts::of_claim(const CertificateId& certificate) {
  const auto found =
      account(certificate, std::max(bounds_.bytes_per_certificate, bounds_.bytes / 4));
  return {found, &found->queues};
}

std::shared_ptr<void> SessionAccounts::place(const CertificateId& certificate) {
  const auto found = account(certificate, bounds_.bytes_per_certificate);
  if (found->sessions.fetch_add(1) >= bounds_.sessions_per_certificate) {
    found->sessions.fetch_sub(1);
    return nullptr;
  }
  return {found.get(), [found](void*) { found->sessions.fetch_sub(1); }};
}

}  // namespace imprint::server
