// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/peer.h"
#include "server/request_record.h"
#include "trail/event.h"

namespace imprint::server {

/// Records what one client does in the log, the metrics and the audit trail.
class ClientRecord {
 public:
  explicit ClientRecord(const Peer& peer) : peer_(peer) {}

  /// The client's certificate has been looked up in the registry.
  void identified_as(const identity::Principal& principal);
  /// Valid only after the client has been identified.
  [[nodiscard]] bool is_claim() const { return is_claim_; }

  /// Adds a step to the audit trail.
  void note(trail::Step step, trail::Outcome outcome, trail::Told told,
            const trail::Detail& detail = {});
  /// Logs a refusal and adds it to the audit trail. `category` is set if the refusal made the
  /// provisioning of a device fail.
  void note_denial(trail::Step step, std::string_view resource, const Error& error,
                   std::optional<outcome::FailureCategory> category = {});

  /// Counts a failed provisioning with a claim. A connection is counted at most once, and not at
  /// all after the outcome of one of its requests has been counted.
  std::optional<outcome::FailureCategory> count_failure(std::string_view method,
                                                        outcome::FailureCategory category);
  /// The same for a topic that the client may not publish or subscribe to.
  std::optional<outcome::FailureCategory> count_denied_topic(std::string_view method,
                                                             std::string_view topic);
  /// A device has been registered or a request rejected; the outcome is counted with the request.
  void outcome_is_counted() { is_counted_ = true; }

  /// The common fields of all audit events about this connection.
  [[nodiscard]] registry::AuditEvent about() const;
  /// The payer whose journal budgets are charged for this client's steps.
  [[nodiscard]] Payer payer() const;
  [[nodiscard]] Requester requester() const;

 private:
  const Peer& peer_;
  bool is_claim_ = false;
  std::string thing_;        ///< the one that the certificate is attached to; empty for none
  bool is_counted_ = false;  ///< the outcome for a device that uses a claim
};

}  // namespace imprint::server
