// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/peer.h"
#include "server/request_record.h"
#include "trail/event.h"

namespace imprint::server {

/// Puts on record what one client does: in the log, the metrics and the audit trail.
class ClientRecord {
 public:
  explicit ClientRecord(const Peer& peer) : peer_(peer) {}

  /// The registry has said whose certificate it is.
  void identified_as(const identity::Principal& principal);
  /// Not before the client has been identified.
  [[nodiscard]] bool is_claim() const { return is_claim_; }

  /// Adds a step to the audit trail.
  void note(trail::Step step, trail::Outcome outcome, trail::Told told,
            const trail::Detail& detail = {});
  /// Logs a refusal and adds it to the audit trail. `category`: a device that wanted to be
  /// provisioned failed by it.
  void note_denial(trail::Step step, std::string_view resource, const Error& error,
                   std::optional<outcome::FailureCategory> category = {});

  /// Counts a unit of a claim that failed. A connection counts once: not again, and not after the
  /// outcome of one of its requests has been counted.
  std::optional<outcome::FailureCategory> count_failure(std::string_view method,
                                                        outcome::FailureCategory category);
  /// The same for a topic that it may not publish or subscribe to.
  std::optional<outcome::FailureCategory> count_denied_topic(std::string_view method,
                                                             std::string_view topic);
  /// A request has been registered or rejected, which is counted with the request.
  void outcome_is_counted() { is_counted_ = true; }

  /// Whom events about this connection are about.
  [[nodiscard]] registry::AuditEvent about() const;
  /// Whose budgets of the journal pay for what this client does.
  [[nodiscard]] Payer payer() const;
  [[nodiscard]] Requester requester() const;

 private:
  const Peer& peer_;
  bool is_claim_ = false;
  std::string thing_;        ///< that the certificate is attached to; empty for none
  bool is_counted_ = false;  ///< what became of a claim's unit
};

}  // namespace imprint::server
