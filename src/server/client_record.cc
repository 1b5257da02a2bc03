// SPDX-License-Identifier: Apache-2.0
#include "server/client_record.h"

#include <utility>

#include "device_api/topics.h"
#include "server/services.h"

namespace imprint::server {

using trail::Outcome;

void ClientRecord::identified_as(const identity::Principal& principal) {
  is_claim_ = principal.is_claim();
  thing_ = principal.things.empty() ? std::string() : principal.things.front().thing.name.str();
}

void ClientRecord::note(trail::Step step, Outcome outcome, trail::Told told,
                        const trail::Detail& detail) {
  told.is_of_claim = is_claim_;
  peer_.services().journal.note(payer(), trail::record(about(), step, outcome, told, detail));
}

void ClientRecord::note_denial(trail::Step step, std::string_view resource, const Error& error,
                               std::optional<outcome::FailureCategory> category) {
  telemetry::Field from("from", peer_.facts.source_ip);
  from.pays = peer_.contact.has_value();  // its certificate may not be registered yet
  peer_.services().log.warning("denied", {{"step", step->name},
                                          {"resource", resource},
                                          {"client", peer_.facts.client_id},
                                          from,
                                          {"certificate", peer_.certificate.hex()},
                                          {"because", error.message}});
  note(step, Outcome::denied,
       {.from = peer_.facts.source_ip,
        .resource = std::string(resource),
        .because = error.message,
        .cause = error.cause,
        .category = category});
}

std::optional<outcome::FailureCategory> ClientRecord::count_failure(
    std::string_view method, outcome::FailureCategory category) {
  if (!is_claim_ || std::exchange(is_counted_, true)) return std::nullopt;
  peer_.services().metrics.device_refused(method, category);
  return category;
}

std::optional<outcome::FailureCategory> ClientRecord::count_denied_topic(std::string_view method,
                                                                         std::string_view topic) {
  // Some clients subscribe to everything, are refused, and continue; that is no failure.
  const bool is_needed = method == "publish" || device_api::parse_provisioning_topic(topic) ||
                         device_api::suggested_topic(topic);
  return is_needed ? count_failure(method, outcome::FailureCategory::topic_refused) : std::nullopt;
}

registry::AuditEvent ClientRecord::about() const {
  return {.actor = peer_.certificate.hex(),
          .correlation = peer_.correlation,
          .thing = thing_,
          .certificate = peer_.certificate.hex(),
          .client = peer_.facts.client_id};
}

Payer ClientRecord::payer() const {
  const std::string certificate = peer_.certificate.hex();
  // Many devices share a claim: each client id has a budget of its own.
  if (is_claim_) return {certificate + "/" + peer_.facts.client_id, certificate};
  // The holder of a CA's key can make any number of certificates.
  if (peer_.contact) return {certificate, "first connections under CA " + peer_.contact->ca.hex()};
  return {certificate};
}

Requester ClientRecord::requester() const {
  return {peer_.certificate.hex(),
          peer_.facts.client_id,
          peer_.facts.source_ip,
          peer_.correlation,
          payer(),
          is_claim_};
}

}  // namespace imprint::server
