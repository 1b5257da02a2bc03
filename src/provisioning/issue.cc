// SPDX-License-Identifier: Apache-2.0
#include "provisioning/issue.h"

#include "encoding/json.h"
#include "issuance/key_generation.h"
#include "issuance/serial.h"
#include "provisioning/outside_certificate.h"
#include "trail/event.h"

namespace imprint::provisioning {

namespace {

registry::Certificate record_of(const x509::Certificate& certificate, const IssueRequest& request,
                                Random& random, Timestamp now) {
  registry::Certificate record = certificate_record(certificate, random, now);
  record.status = request.status;
  record.purpose = request.purpose;
  record.requested_by = request.requested_by;
  record.ownership_round = request.requested_by ? 1 : 0;
  record.ownership_expires = request.ownership_expires;
  record.claim_budget = request.claim_budget;
  record.claim_name = request.claim_name;
  record.requests = request.requests;
  return record;
}

/// The detail of an event about an issued certificate.
trail::Issued issued(const registry::Certificate& record, std::string profile,
                     std::string key_algorithm) {
  return {.serial = record.serial,
          .profile = std::move(profile),
          .key_algorithm = std::move(key_algorithm),
          .not_after = to_milliseconds(record.not_after) / 1000,
          .requested_by = record.requested_by};
}

}  // namespace

registry::Task<Result<registry::Certificate>> IssueCertificate::sign(x509::PublicKey key,
                                                                     IssueRequest request) {
  const Timestamp now = clock_.now();
  const std::shared_ptr<const issuance::Profile> usual = profile_.get();
  std::optional<issuance::Profile> shorter;
  if (request.validity && *request.validity != usual->options().validity) {
    CO_TRY_ASSIGN(shorter, usual->with_validity(*request.validity));
  }
  const issuance::Profile& profile = shorter ? *shorter : *usual;
  CO_TRY_ASSIGN(issuance::ApprovedRequest approved,
                issuance::approve(profile, key, now, issuance::make_serial(random_)));

  registry::ChangeSet intent;
  intent.changes.emplace_back(
      registry::Put{registry::IssuanceIntent{approved.serial().hex(), key.sha256(),
                                             request.requested_by, profile.options().name, now},
                    registry::Expect::absent()});
  CO_TRY(co_await store_.commit(std::move(intent)));

  CO_TRY_ASSIGN(const x509::Certificate signed_certificate, issuer_.sign(std::move(approved)));
  metrics_.certificate_issued(
      request.purpose == registry::CertificatePurpose::identity ? profile.options().name : "claim",
      key.describe());
  co_return record_of(signed_certificate, request, random_, now);
}

std::vector<registry::Change> IssueCertificate::arrival_of(const registry::Certificate& record) {
  return {registry::Put{record, registry::Expect::absent()},
          registry::Erase{registry::intent_key(record.serial), registry::Expect::present()}};
}

registry::Task<Result<registry::Certificate>> IssueCertificate::run(x509::PublicKey key,
                                                                    IssueRequest request) {
  const std::string key_algorithm = key.describe();
  const std::string profile_name = profile_.get()->options().name;
  CO_TRY_ASSIGN(const registry::Certificate record, co_await sign(std::move(key), request));
  registry::ChangeSet arrival{.changes = arrival_of(record)};
  if (request.also) request.also(record, arrival);
  if (!request.event.step.empty()) {
    request.event.time = record.created;
    request.event.certificate = record.id.hex();
    arrival.events.push_back(
        trail::with(std::move(request.event), issued(record, profile_name, key_algorithm)));
  }
  CO_TRY(co_await store_.commit(std::move(arrival)));
  co_return record;
}

registry::Task<Result<x509::PrivateKey>> make_device_key(x509::KeyAlgorithm algorithm,
                                                         issuance::KeyPool& pool,
                                                         std::string payer) {
  if (algorithm == x509::KeyAlgorithm::ec_p256) co_return issuance::generate_key(algorithm);
  const runtime::Completion<Result<x509::PrivateKey>> completion;
  CO_TRY_ASSIGN(std::optional<x509::PrivateKey> ready,
                pool.take(std::move(payer), [completion](Result<x509::PrivateKey> key) {
                  completion.complete(std::move(key));
                }));
  if (ready) co_return std::move(*ready);
  co_return co_await completion.wait();
}

}  // namespace imprint::provisioning
