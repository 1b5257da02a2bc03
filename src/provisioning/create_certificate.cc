// SPDX-License-Identifier: Apache-2.0
#include "provisioning/create_certificate.h"

#include <algorithm>

#include "encoding/text.h"
#include "issuance/key_rules.h"
#include "provisioning/key_history.h"
#include "provisioning/template_settings.h"
#include "trail/event.h"
#include "x509/csr.h"

namespace imprint::provisioning {

using registry::CertificateStatus;

namespace {

/// Signing requests that are remembered for each certificate.
constexpr std::size_t kMostRequests = 64;

/// The template whose settings apply before the device has named one: the only one of its claim.
std::optional<TemplateName> only_template(const registry::Certificate& claim) {
  const auto& names = claim.claim_budget.templates;
  return names.size() == 1 ? std::optional(names.front()) : std::nullopt;
}

}  // namespace

registry::Task<Result<CreatedCertificate>> CreateCertificate::with_keys(Caller caller) {
  CO_TRY_ASSIGN(const registry::Certificate claim, co_await claims_.admit(caller, {}));
  CO_TRY_ASSIGN(const Settings settings,
                co_await settings_of_claim(store_, *settings_.get(), only_template(claim)));
  // Before a key is made, which costs most: a claim with too many pending certificates gets none.
  CO_TRY_ASSIGN(PendingCertificates::Place place, reserve(caller));
  CO_TRY_ASSIGN(const x509::PrivateKey key,
                co_await make_device_key(settings.key_algorithm, keys_, caller.certificate.hex()));
  CO_TRY_ASSIGN(CreatedCertificate created,
                co_await issue(std::move(caller), key.public_key(),
                               "create_keys_and_certificate"_step, {}, std::move(place)));
  created.private_key = key.pem_traditional();
  co_return created;
}

registry::Task<Result<CreatedCertificate>> CreateCertificate::from_csr(Caller caller,
                                                                       std::string csr_pem) {
  CO_TRY_ASSIGN(const x509::Csr csr, issuance::read_csr(csr_pem));
  const std::string digest = encoding::to_hex(csr.proof());
  const Sha256 key = csr.public_key().sha256();
  const KeyedLock::Guard guard = co_await requests_.lock(std::string(as_text(key)));
  // Reads again if, for example, a certificate of the key is revoked at this moment.
  co_return co_await registry::retry_on_conflict(
      [&](int) { return issue_or_reopen(caller, csr.public_key(), digest); });
}

registry::Task<Result<CreatedCertificate>> CreateCertificate::issue_or_reopen(Caller caller,
                                                                              x509::PublicKey key,
                                                                              std::string digest) {
  CO_TRY_ASSIGN(KnownKey known, co_await look_up(caller, key.sha256()));
  if (!known.made_before) {
    CO_TRY_ASSIGN(PendingCertificates::Place place, reserve(caller));
    co_return co_await issue(std::move(caller), std::move(key), "create_certificate_from_csr"_step,
                             KeyRequest{std::move(digest), std::move(known.precondition)},
                             std::move(place));
  }
  // The request may have waited for another one with the same key.
  CO_TRY(co_await check_still_allowed(caller));
  CO_TRY(co_await claims_.admit(caller, {.is_new_device = false, .counts_for_rate = false}));
  CO_TRY_ASSIGN(const registry::Certificate open,
                co_await reopen(std::move(caller), *known.made_before, std::move(digest)));
  CreatedCertificate created = answer(open);
  created.repeated = true;
  co_return created;
}

Result<PendingCertificates::Place> CreateCertificate::reserve(const Caller& caller) {
  const std::size_t most = settings_.get()->pending_certificates;
  auto place = pending_.reserve(caller.certificate, most);
  if (place) return std::move(*place);
  return fail(
      Fault::exhausted,
      "{} certificates that this one asked for wait for RegisterThing, the most there may be "
      "([limits] pending-certificates); each is removed when its token expires",
      most);
}

/// `place` is held until the certificate is stored.
registry::Task<Result<CreatedCertificate>> CreateCertificate::issue(
    Caller caller, x509::PublicKey key, trail::Step step, std::optional<KeyRequest> key_request,
    [[maybe_unused]] PendingCertificates::Place place) {
  // The request may have waited for its key, or for another request with the same key.
  CO_TRY(co_await check_still_allowed(caller));
  CO_TRY_ASSIGN(const registry::Certificate claim, co_await claims_.admit(caller, {}));
  CO_TRY_ASSIGN(const Settings settings,
                co_await settings_of_claim(store_, *settings_.get(), only_template(claim)));
  IssueRequest request{
      .status = CertificateStatus::pending_activation,
      .requested_by = caller.certificate,
      .ownership_expires = clock_.now() + settings.token_lifetime,
      .validity = settings.certificate_validity,
      .event = trail::record({.actor = caller.certificate.hex(),
                              .correlation = caller.correlation,
                              .client = caller.client_id},
                             step, trail::Outcome::ok),
  };
  if (key_request) {
    request.requests = {std::move(key_request->digest)};
    request.also = [precondition = std::move(key_request->precondition)](
                       const registry::Certificate&, registry::ChangeSet& changes) {
      changes.changes.emplace_back(precondition);
    };
  }
  CO_TRY_ASSIGN(const registry::Certificate record,
                co_await issue_.run(std::move(key), std::move(request)));
  co_return answer(record);
}

registry::Task<Result<CreateCertificate::KnownKey>> CreateCertificate::look_up(Caller caller,
                                                                               Sha256 public_key) {
  const registry::query::SameIdentity identity{public_key};
  CO_TRY_ASSIGN(const KeyHistory history, co_await read_key_history(store_, identity));
  // A revoked key is refused whichever claim it comes through. What an INACTIVE certificate of the
  // key means depends on its thing, and is decided at RegisterThing.
  CO_TRY(check_key_history(history, identity, {}, AskedBy::device, Inactive::is_permitted));
  const Timestamp now = clock_.now();
  KnownKey out{.precondition = precondition_of(history)};
  for (const registry::Certificate& certificate : history.certificates) {
    // A certificate that another claim requested cannot be returned to this one.
    if (certificate.requested_by != caller.certificate) continue;
    const bool is_open = certificate.status == CertificateStatus::pending_activation &&
                         certificate.ownership_expires && *certificate.ownership_expires > now;
    const bool is_in_use =
        certificate.status == CertificateStatus::active && certificate.not_after > now;
    if (is_in_use || (is_open && !out.made_before)) out.made_before = certificate;
  }
  co_return out;
}

/// A certificate in use may be registered again by the holder of its key, but not by somebody who
/// recorded one of its requests: only a request that was never sent before proves the key. With an
/// operator's permission, an old request will do.
registry::Task<Result<bool>> CreateCertificate::may_register_anew(registry::Certificate certificate,
                                                                  std::string request) {
  const bool was_seen =
      std::ranges::find(certificate.requests, request) != certificate.requests.end();
  if (!was_seen) co_return true;
  CO_TRY_ASSIGN(const registry::Page access,
                co_await store_.list(registry::query::AccessOf{certificate.id}, {}));
  const Timestamp now = clock_.now();
  co_return std::ranges::any_of(access.records, [&](const registry::Record& record) {
    const auto* thing = std::get_if<registry::Thing>(&record);
    return thing != nullptr && thing->reprovision_until && now < *thing->reprovision_until;
  });
}

/// Renews the token of a pending certificate past half its lifetime. A certificate that is in use
/// gets a token of a new round, so that its device can register again.
registry::Task<Result<registry::Certificate>> CreateCertificate::reopen(
    Caller caller, registry::Certificate certificate, std::string request) {
  const Timestamp now = clock_.now();
  const Seconds lifetime = settings_.get()->token_lifetime;
  const bool is_pending = certificate.status == CertificateStatus::pending_activation;
  if (is_pending && *certificate.ownership_expires - now > lifetime / 2) co_return certificate;
  if (!is_pending) {
    CO_TRY_ASSIGN(const bool anew, co_await may_register_anew(certificate, request));
    // Otherwise the registration stays, and the same RegisterThing request gets the same answer.
    if (anew) {
      ++certificate.ownership_round;
      certificate.registration.reset();
    }
  }
  if (std::ranges::find(certificate.requests, request) == certificate.requests.end())
    certificate.requests.push_back(request);
  // Only the holder of the key can make new requests, so nobody else can push old ones out.
  if (certificate.requests.size() > kMostRequests)
    certificate.requests.erase(certificate.requests.begin());
  certificate.ownership_expires = now + lifetime;
  registry::ChangeSet changes;
  changes.changes.emplace_back(registry::update(certificate, now));
  changes.events.push_back(trail::record({.time = now,
                                          .actor = caller.certificate.hex(),
                                          .correlation = caller.correlation,
                                          .certificate = certificate.id.hex(),
                                          .client = caller.client_id},
                                         "reopen_certificate"_step, trail::Outcome::ok));
  CO_TRY(co_await store_.commit(std::move(changes)));
  co_return certificate;
}

CreatedCertificate CreateCertificate::answer(const registry::Certificate& certificate) const {
  return {.id = certificate.id,
          .pem = certificate.pem,
          .ownership_token = tokens_.token_of(certificate)};
}

}  // namespace imprint::provisioning
