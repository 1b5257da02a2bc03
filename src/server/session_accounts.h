// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/certificate_id.h"
#include "mqtt/session_state.h"

namespace imprint::server {

/// Accounts for the memory of messages that sessions hold for clients that do not receive them.
/// Bounded for each certificate, so that one device cannot use up the memory of all, and in total.
/// Thread-safe.
class SessionAccounts {
 public:
  struct Bounds {
    std::size_t bytes = std::size_t{256} << 20U;
    std::size_t bytes_per_certificate = std::size_t{8} << 20U;
    std::size_t sessions_per_certificate = 1'000;  ///< without a connection
  };
  explicit SessionAccounts(const Bounds& bounds) : bounds_(bounds), total_(bounds.bytes) {}

  /// The account of a certificate's queues.
  std::shared_ptr<mqtt::QueueAccount> of(const CertificateId& certificate);

  /// The same for a claim, which is one certificate in many devices: its bound is a quarter of the
  /// total.
  std::shared_ptr<mqtt::QueueAccount> of_claim(const CertificateId& certificate);

  /// A place for one more session without a connection, returned when the pointer is released; null
  /// if the certificate has no free place.
  std::shared_ptr<void> place(const CertificateId& certificate);

  [[nodiscard]] std::size_t bytes() const { return total_.bytes(); }

 private:
  struct Account {
    Account(std::size_t most, mqtt::QueueTotal& total) : queues(most, total) {}
    mqtt::QueueAccount queues;
    std::atomic<std::size_t> sessions = 0;
  };
  struct Stripe {
    std::mutex mutex;
    std::unordered_map<CertificateId, std::weak_ptr<Account>> accounts;
    std::size_t swept_at = 64;
  };
  std::shared_ptr<Account> account(const CertificateId& certificate, std::size_t most);

  static constexpr std::size_t kStripes = 64;
  const Bounds bounds_;
  mqtt::QueueTotal total_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace imprint::server
