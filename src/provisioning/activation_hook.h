// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/certificate_id.h"
#include "base/clock.h"
#include "encoding/json.h"
#include "hooks/hooks.h"
#include "templates/template.h"

/// The hook of a CA that has no registration config. It decides whether a certificate that was
/// registered just in time is activated; on AWS, a topic rule and a Lambda function would do so. It
/// is the [[hook]] whose `arn` matches the CA certificate's ARN. AWS has no such hook.
namespace imprint::provisioning {

/// A certificate that a registered CA signed has been registered and waits for its activation (AWS
/// IoT, just-in-time registration).
struct RegistrationEvent {
  CertificateId certificate;
  CertificateId ca;
  Timestamp registered;  ///< when the certificate was added to the registry
  Timestamp now;
  std::string account;
};

/// {certificateId, caCertificateId, timestamp (ms), certificateStatus, awsAccountId,
/// certificateRegistrationTimestamp (text, ms)}
encoding::json::object to_json(const RegistrationEvent& event);

/// The hook's request: the event with certificatePem and clientId.
std::string question_of(const RegistrationEvent& event, const std::string& certificate_pem,
                        const std::string& client_id);

struct ActivationDecision {
  enum class Action : std::uint8_t { activate, reject, wait };
  Action action = Action::wait;
  std::vector<PolicyName> policies = {};
  std::optional<templates::ThingResource> thing = {};
};
std::string_view to_string(ActivationDecision::Action action);  ///< "activate", "reject", "pending"

/// {"action": "activate" | "reject" | "pending", "policies": [name...], "thing": {"thingName",
/// "thingTypeName", "attributes", "thingGroups"}}; `policies` and `thing` are for activate only.
/// Fault::unavailable if the hook failed, threw or answered anything else; the message is for the
/// log and the audit trail.
Result<ActivationDecision> read_decision(const hooks::Reply& reply);

/// The resources of an activation, as if they came from a template.
templates::Resources resources_of(const ActivationDecision& decision,
                                  const CertificateId& certificate);

}  // namespace imprint::provisioning
