// SPDX-License-Identifier: Apache-2.0
#include "provisioning/apply_template.h"

#include "x509/certificate.h"
#include "x509/csr.h"

namespace imprint::provisioning {

namespace {

using Source = templates::CertificateResource::Source;

AppliedTemplate answer_of(const Known& known) {
  AppliedTemplate out;
  if (known.resources.thing)
    out.resources[known.resources.thing->logical_name] =
        "thing/" + known.resources.thing->name.str();
  for (const templates::PolicyResource& policy : known.resources.policies)
    out.resources[policy.logical_name] = "policy/" + policy_name_of(policy).str();
  if (known.certificate) {
    out.resources[known.resources.certificate->logical_name] =
        "cert/" + known.certificate->id.hex();
    out.certificate_pem = known.certificate->pem;
  }
  return out;
}

/// Where in the template the certificate comes from, for messages.
std::string place_of(const templates::CertificateResource& resource, std::string_view property) {
  return fmt::format("$.Resources.{}.Properties.{}", resource.logical_name, property);
}

Unexpected refuse_certificate(const templates::CertificateResource& resource,
                              std::string_view property, std::string message) {
  return Unexpected(Error{Fault::invalid, std::move(message), place_of(resource, property),
                          code::kRegistrationFailure});
}

}  // namespace

registry::Task<Result<AppliedTemplate>> ApplyTemplate::run(ApplyRequest request) {
  CO_TRY_ASSIGN(const templates::Resources resources,
                request.parsed.evaluate(request.parameters, {}));
  CO_TRY_ASSIGN(Known known, co_await prepare(resources, request.event));
  if (known.origin == Origin::signature) {
    CO_TRY(plan_now(known));
    CO_TRY_ASSIGN(known, co_await sign(std::move(known)));
  }
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    CO_TRY_ASSIGN(Plan decided, plan_now(known));
    AppliedTemplate answer = answer_of(known);
    if (request.also) CO_TRY(request.also(answer, decided.changes));
    const auto committed = co_await store_.commit(std::move(decided.changes));
    if (committed) co_return answer;
    if (committed.error().fault != Fault::conflict) co_return tl::unexpected(committed.error());
    if (attempt == kAttempts) {
      co_return fail(Fault::unavailable, "others are changing the same thing at this moment: {}",
                     committed.error().message);
    }
    // What was signed stays; everything else is read anew.
    const bool arrives = known.origin == Origin::signature;
    const std::optional<registry::Certificate> made = known.certificate;
    CO_TRY_ASSIGN(known, co_await prepare(resources, request.event));
    if (arrives) known.certificate = made;
  }
}

registry::Task<Result<Known>> ApplyTemplate::prepare(templates::Resources resources,
                                                     registry::AuditEvent event) {
  Known known{.resources = std::move(resources), .event = std::move(event)};
  if (known.resources.certificate) {
    const templates::CertificateResource& resource = *known.resources.certificate;
    if (resource.source == Source::signing_request) {
      known.origin = Origin::signature;
      // Stands in for the certificate while the plan is tried.
      known.certificate = registry::Certificate{.id = CertificateId(Sha256{}), .pem = {}};
    } else {
      CO_TRY_ASSIGN(known.certificate, co_await registered(resource));
    }
  }
  co_return co_await gather(store_, std::move(known));
}

registry::Task<Result<Known>> ApplyTemplate::sign(Known known) {
  const templates::CertificateResource& resource = *known.resources.certificate;
  const auto csr = x509::Csr::from_pem(resource.value);
  if (!csr) {
    co_return refuse_certificate(resource, "CertificateSigningRequest", describe(csr.error()));
  }
  CO_TRY_ASSIGN(known.certificate, co_await issue_.sign(csr->public_key(), {}));
  co_return known;
}

/// A certificate that is here already. AWS would also take one of a registered CA along.
registry::Task<Result<registry::Certificate>> ApplyTemplate::registered(
    templates::CertificateResource resource) {
  std::optional<CertificateId> id;
  const bool is_pem = resource.source == Source::pem;
  const std::string_view property = is_pem ? "CertificatePem" : "CertificateId";
  if (is_pem) {
    const auto certificate = x509::Certificate::from_pem(resource.value);
    if (!certificate) co_return refuse_certificate(resource, property, certificate.error().message);
    id = certificate->id();
  } else {
    const auto parsed = CertificateId::parse(resource.value);
    if (!parsed) co_return refuse_certificate(resource, property, parsed.error().message);
    id = *parsed;
  }
  auto found =
      co_await registry::get<registry::Certificate>(store_, registry::certificate_key(*id));
  if (!found && found.error().fault == Fault::not_found) {
    co_return refuse_certificate(
        resource, property,
        fmt::format("certificate {} is not registered here; register it first", id->hex()));
  }
  co_return found;
}

Result<Plan> ApplyTemplate::plan_now(const Known& known) {
  return plan(known, clock_.now(), make_uuid(random_), make_uuid(random_));
}

}  // namespace imprint::provisioning
