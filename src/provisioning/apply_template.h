// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "provisioning/issue.h"
#include "provisioning/plan.h"

namespace imprint::provisioning {

/// What a template made or found, as AWS answers it.
struct AppliedTemplate {
  std::optional<std::string> certificate_pem = {};
  /// Logical name -> what follows the account in its ARN: "thing/x", "cert/...", "policy/p".
  std::map<std::string, std::string> resources = {};
};

struct ApplyRequest {
  templates::Template parsed;  ///< for templates::Use::register_thing or bulk
  templates::Parameters parameters;
  registry::AuditEvent event;  ///< who did what; the time and what it is about are added
  /// Further changes of the same transaction, made for each attempt at it.
  std::function<Result<void>(const AppliedTemplate&, registry::ChangeSet&)> also = {};
};

/// An operator's template, carried out once: RegisterThing of the REST API, and each line of a bulk
/// registration. The certificate is signed from the template's CSR, is one that the registry knows
/// already, by id or PEM, or comes as PEM and was signed by a registered CA. All or nothing; a
/// template that cannot be carried out is refused before anything is signed. One per process, any
/// thread.
class ApplyTemplate {
 public:
  ApplyTemplate(registry::Store& store, IssueCertificate& issue, const Clock& clock, Random& random)
      : store_(store), issue_(issue), clock_(clock), random_(random) {}

  /// Errors carry the codes of caller.h; Fault::unavailable after losing five races in a row.
  registry::Task<Result<AppliedTemplate>> run(ApplyRequest request);

 private:
  registry::Task<Result<AppliedTemplate>> attempt(const ApplyRequest& request,
                                                  const templates::Resources& resources,
                                                  Known& known, int number);
  registry::Task<Result<Known>> prepare(templates::Resources resources, registry::AuditEvent event);
  registry::Task<Result<Known>> sign(Known known);
  registry::Task<Result<void>> find_certificate(templates::CertificateResource resource,
                                                Known& known);
  registry::Task<Result<void>> register_outside(templates::CertificateResource resource,
                                                x509::Certificate certificate, Known& known);
  Result<Plan> plan_now(const Known& known);

  registry::Store& store_;
  IssueCertificate& issue_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace imprint::provisioning
