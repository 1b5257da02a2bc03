// SPDX-License-Identifier: Apache-2.0
#include "server/access_check.h"

#include "outcome/causes.h"
#include "policy/denial.h"
#include "provisioning/claim_budget.h"
#include "server/services.h"

namespace imprint::server {

namespace {

Cause cause_of(policy::Denial denial) {
  switch (denial) {
    case policy::Denial::no_policy:
      return "NoPolicy"_cause;
    case policy::Denial::explicit_deny:
      return "PolicyDenies"_cause;
    case policy::Denial::no_statement:
      return "NoStatement"_cause;
    case policy::Denial::no_value:
      return "VariableWithoutValue"_cause;
    case policy::Denial::condition:
      return "ConditionNotMet"_cause;
  }
  return {};
}

/// Says why a certificate with this status may not be used, and what to do.
std::string describe_status(registry::CertificateStatus status,
                            const identity::Principal& principal) {
  using enum registry::CertificateStatus;
  const std::string& id = principal.id_text;
  const registry::Certificate& record = principal.certificate;
  if (status == pending_activation && record.ca_certificate) {
    return fmt::format(
        "certificate {} is PENDING_ACTIVATION: CA certificate {} introduced it, and nobody has "
        "activated it yet; aws iot update-certificate --certificate-id {} --new-status ACTIVE does",
        id, record.ca_certificate->hex(), id);
  }
  if (status == pending_activation) {
    return fmt::format(
        "certificate {} is PENDING_ACTIVATION: RegisterThing has not succeeded for it; connect "
        "with the claim certificate and register first",
        id);
  }
  if (status == revoked) {
    return fmt::format(
        "certificate {} is REVOKED for good; the device begins again with its claim and a new key",
        id);
  }
  if (status == inactive && record.replaced_by) {
    return fmt::format(
        "certificate {} is INACTIVE: certificate {} replaced it when its device registered again "
        "with another key; if this is another device, two units have one serial number",
        id, record.replaced_by->hex());
  }
  if (status == inactive && record.frozen)
    return provisioning::told_when_frozen(record.id, *record.frozen);
  // The principal of an open connection was read before the claim was frozen, so its record does
  // not give the reason; the principal of the next connection does.
  if (status == inactive && principal.is_claim()) {
    return fmt::format(
        "claim {} is INACTIVE: it has been frozen or deactivated; imprint claim show DIR {} says "
        "why",
        id, id);
  }
  return fmt::format("certificate {} is {}; an operator can activate it", id,
                     registry::to_string(status));
}

}  // namespace

Error forbidden(std::string message, Cause cause) {
  return Error{Fault::forbidden, std::move(message), {}, cause};
}

std::optional<Error> check_certificate(const Services& services,
                                       const identity::Principal& principal) {
  const auto status = services.directory.status(principal.certificate.id);
  const std::string& id = principal.id_text;
  if (!status)
    return forbidden(fmt::format("certificate {} has been deleted", id),
                     "CertificateDeleted"_cause);
  if (*status != registry::CertificateStatus::active)
    return forbidden(describe_status(*status, principal), "CertificateOutOfUse"_cause);
  const Timestamp now = services.clock.now();
  if (now > principal.certificate.not_after)
    return forbidden(fmt::format("certificate {} has expired", id), "CertificateExpired"_cause);
  if (now < principal.certificate.not_before) {
    return forbidden(fmt::format("certificate {} is not valid yet; check the server's clock", id),
                     "CertificateNotYetValid"_cause);
  }
  return std::nullopt;
}

std::optional<Error> check_policy(const Services& services, const identity::Principal& principal,
                                  const identity::Rights& rights,
                                  const identity::ConnectionFacts& facts, policy::Action action,
                                  std::string_view resource) {
  const policy::Context context =
      identity::context_of(principal, facts, services.account, services.clock.now());
  const policy::Request request{action, resource};
  const policy::Decision decision = policy::evaluate(rights.set(), request, context);
  if (decision.allowed()) return std::nullopt;
  return forbidden(policy::explain(decision, rights.set(), request, context),
                   cause_of(policy::denial_of(decision, rights.set(), request, context)));
}

runtime::Task<Result<void>> check_may_publish(Services& services, CertificateId certificate,
                                              identity::ConnectionFacts facts, std::string topic) {
  const auto principal = co_await services.access.principal(certificate);
  if (!principal && principal.error().fault == Fault::not_found) co_return Result<void>();
  if (!principal) co_return tl::unexpected(principal.error());
  const auto error = check_policy(services, **principal, (*principal)->rights_of(facts.client_id),
                                  facts, policy::Action::publish, topic);
  if (error) co_return tl::unexpected(*error);
  co_return Result<void>();
}

}  // namespace imprint::server
