// SPDX-License-Identifier: Apache-2.0
#include "provisioning/apply_template.h"

#include "issuance/key_rules.h"
#include "outcome/causes.h"
#include "provisioning/outside_certificate.h"
#include "x509/certificate.h"
#include "x509/csr.h"

namespace imprint::provisioning {

namespace {

using Source = templates::CertificateResource::Source;

constexpr std::string_view kPem = "CertificatePem";
constexpr std::string_view kCaPem = "CACertificatePem";

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

/// The JSON path of the property that gives the certificate, for messages.
std::string place_of(const templates::CertificateResource& resource, std::string_view property) {
  return fmt::format("$.Resources.{}.Properties.{}", resource.logical_name, property);
}

Unexpected refuse_certificate(const templates::CertificateResource& resource,
                              std::string_view property, std::string message) {
  return Unexpected(Error{Fault::invalid, std::move(message), place_of(resource, property),
                          "ResourceRegistrationFailure"_cause});
}

Result<x509::Csr> request_of(const templates::CertificateResource& resource) {
  auto csr = issuance::read_csr(resource.value);
  if (!csr) return refuse_certificate(resource, "CertificateSigningRequest", describe(csr.error()));
  return csr;
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
  co_return co_await registry::retry_on_conflict(
      [&](int number) { return attempt(request, resources, known, number); });
}

registry::Task<Result<AppliedTemplate>> ApplyTemplate::attempt(
    const ApplyRequest& request, const templates::Resources& resources, Known& known, int number) {
  if (number > 1) {
    // The certificate that was signed is kept; everything else is read again.
    const bool is_signed = known.origin == Origin::signature;
    const std::optional<registry::Certificate> made = known.certificate;
    CO_TRY_ASSIGN(known, co_await prepare(resources, request.event));
    if (is_signed) known.certificate = made;
  }
  CO_TRY_ASSIGN(Plan decided, plan_now(known));
  AppliedTemplate answer = answer_of(known);
  if (request.also) CO_TRY(request.also(answer, decided.changes));
  CO_TRY(co_await store_.commit(std::move(decided.changes)));
  co_return answer;
}

registry::Task<Result<Known>> ApplyTemplate::prepare(templates::Resources resources,
                                                     registry::AuditEvent event) {
  Known known{.resources = std::move(resources), .event = std::move(event)};
  if (known.resources.certificate) {
    const templates::CertificateResource& resource = *known.resources.certificate;
    if (resource.source == Source::signing_request) {
      known.origin = Origin::signature;
      CO_TRY_ASSIGN(const x509::Csr csr, request_of(resource));
      // In place of the certificate while the plan is tried.
      known.certificate = registry::Certificate{
          .id = CertificateId(Sha256{}), .pem = {}, .public_key = csr.public_key().sha256()};
    } else {
      CO_TRY(co_await find_certificate(resource, known));
    }
  }
  co_return co_await gather(store_, std::move(known));
}

registry::Task<Result<Known>> ApplyTemplate::sign(Known known) {
  CO_TRY_ASSIGN(const x509::Csr csr, request_of(*known.resources.certificate));
  CO_TRY_ASSIGN(known.certificate, co_await issue_.sign(csr.public_key(), {}));
  co_return known;
}

/// Finds a certificate that is registered already, or registers one that a registered CA signed.
registry::Task<Result<void>> ApplyTemplate::find_certificate(
    templates::CertificateResource resource, Known& known) {
  std::optional<x509::Certificate> given;
  std::optional<CertificateId> id;
  const std::string_view property = resource.source == Source::pem ? kPem : "CertificateId";
  if (resource.source == Source::pem) {
    auto certificate = x509::Certificate::from_pem(resource.value);
    if (!certificate) co_return refuse_certificate(resource, property, certificate.error().message);
    id = certificate->id();
    given = std::move(*certificate);
  } else {
    const auto parsed = CertificateId::parse(resource.value);
    if (!parsed) co_return refuse_certificate(resource, property, parsed.error().message);
    id = *parsed;
  }
  auto found = co_await registry::get(store_, registry::certificate_key(*id));
  if (found) {
    known.certificate = std::move(*found);
    co_return Result<void>();
  }
  if (found.error().fault != Fault::not_found) co_return tl::unexpected(std::move(found).error());
  if (given) co_return co_await register_outside(std::move(resource), *given, known);
  co_return refuse_certificate(
      resource, property,
      fmt::format("certificate {} is not registered here; register it first, or give its PEM",
                  id->hex()));
}

registry::Task<Result<void>> ApplyTemplate::register_outside(
    templates::CertificateResource resource, x509::Certificate certificate, Known& known) {
  const Timestamp now = clock_.now();
  if (const auto fit = check_outside_certificate(certificate, now); !fit)
    co_return refuse_certificate(resource, kPem, fit.error().message);
  std::optional<CertificateId> named;
  if (resource.ca_pem) {
    const auto ca = x509::Certificate::from_pem(*resource.ca_pem);
    if (!ca) co_return refuse_certificate(resource, kCaPem, ca.error().message);
    named = ca->id();
  }
  auto signer = co_await find_signer(store_, certificate, named);
  if (!signer) {
    if (!signer.error().cause) co_return tl::unexpected(std::move(signer).error());
    co_return refuse_certificate(resource, named ? kCaPem : kPem, signer.error().message);
  }
  if (!signer->is_active || now > signer->not_after) {
    co_return refuse_certificate(
        resource, kPem,
        fmt::format("CA certificate {}, which signed it, {}", signer->id.hex(),
                    signer->is_active ? "has expired" : "is INACTIVE; make it ACTIVE first"));
  }
  known.certificate = certificate_record(certificate, random_, now);
  known.certificate->ca_certificate = signer->id;
  known.certificate->mode = signer->mode;
  known.origin = Origin::first_contact;
  known.preconditions.push_back(registry::as_read(*signer));
  co_return Result<void>();
}

Result<Plan> ApplyTemplate::plan_now(const Known& known) {
  return plan(known, clock_.now(), make_uuid(random_), make_uuid(random_));
}

}  // namespace imprint::provisioning
