// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "provisioning/issue.h"
#include "provisioning/plan.h"

namespace imprint::provisioning {

/// The certificate and resources of an applied template, as AWS returns them.
struct AppliedTemplate {
  std::optional<std::string> certificate_pem = {};
  /// Logical name -> the part of the ARN after the account: "thing/x", "cert/...", "policy/p".
  std::map<std::string, std::string> resources = {};
};

struct ApplyRequest {
  templates::Template parsed;  ///< for templates::Use::register_thing or bulk
  templates::Parameters parameters;
  registry::AuditEvent event;  ///< actor and step; the time and the objects are added
  /// Adds changes to the same transaction; called for each attempt.
  std::function<Result<void>(const AppliedTemplate&, registry::ChangeSet&)> also = {};
};

/// Applies an operator's template once, for RegisterThing of the REST API and for each line of a
/// bulk registration. The template's certificate resource is a CSR to sign, the id or PEM of a
/// registered certificate, or the PEM of a certificate that is not registered yet. All or nothing;
/// a template that cannot be applied is refused before anything is signed. One per process, any
/// thread.
class ApplyTemplate {
 public:
  ApplyTemplate(registry::Store& store, IssueCertificate& issue, const Clock& clock, Random& random)
      : store_(store), issue_(issue), clock_(clock), random_(random) {}

  /// Errors that AWS has a code for have a cause (outcome/causes.h). Fault::unavailable after five
  /// lost races in a row.
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
