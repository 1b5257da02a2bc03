// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/cause.h"
#include "base/error.h"
#include "outcome/failure_category.h"

/// All causes for which a device or its request is refused. One row defines everything about a
/// cause; answers, metrics, alarms, `imprint explain`, the dashboard and docs/causes.md use it.
namespace imprint {

/// Whether the same request may succeed later without any change.
enum class Again : std::uint8_t { final, later };

struct CauseInfo {
  std::string_view name;  ///< as in events: "NotListed"
  /// errorCode and statusCode of a rejected payload (AWS IoT, fleet provisioning MQTT API; for
  /// those that AWS does not document, see docs/compatibility.md). Several causes share a code, so
  /// that a device cannot learn the operator's rules. Empty and 0 if no request is answered.
  std::string_view wire_code = {};
  int status = 0;
  outcome::FailureCategory category =
      outcome::FailureCategory::internal;  ///< of imprint_provisioning_failure_total
  Again again = Again::final;
  /// What the operator or the firmware should do next. {certificate} and {hook} are replaced by
  /// those of the event. Empty if it depends on more than the cause (story/judgement.cc).
  std::string_view remedy = {};
  /// The same for a first connection, on which the device sends only its certificate.
  std::string_view first_connection_remedy = {};
};

namespace outcome {

using enum FailureCategory;

namespace remedy {
inline constexpr std::string_view kDuplicate =
    "If this unit may take the name over, permit it once (imprint reprovision allow DIR THING) or "
    "change the template's `reprovision`; if not, two units have one serial number.";
inline constexpr std::string_view kAgreeOnTls =
    "The device and the server did not agree in the TLS handshake: do what the sentence says, and "
    "have the device connect again.";
}  // namespace remedy

// The order is that of docs/causes.md.
inline constexpr auto kCauses = std::to_array<CauseInfo>({
    // Answers to provisioning requests. The first seven are for errors without a cause of their own
    // (cause_of).
    {.name = "InvalidParameters",
     .wire_code = "InvalidParameters",
     .status = 400,
     .category = invalid_parameters,
     .remedy = "Send every parameter that the template asks for, as a string; `imprint template "
               "try` shows what a template makes of them.",
     .first_connection_remedy =
         "The template takes its values from the device's certificate, and the one that the "
         "sentence names is missing there or not acceptable. Give the device a certificate with "
         "another subject, or change the template (a Default, another Ref); `imprint template lint "
         "--certificate` says whether they fit."},
    {.name = "AccessDenied",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Give the device a claim that may do this: imprint claim create DIR --template NAME "
               "--out FOLDER."},
    {.name = "ResourceNotFound",
     .wire_code = "ResourceNotFound",
     .status = 404,
     .category = template_unavailable,
     .remedy = "Create the provisioning template, or correct its name in the topic that the "
               "firmware publishes to.",
     .first_connection_remedy =
         "Create the provisioning template that the CA certificate names, or name another in its "
         "registration config (aws iot update-ca-certificate --registration-config)."},
    {.name = "ResourceConflicts",
     .wire_code = "ResourceConflicts",
     .status = 409,
     .category = conflict,
     .remedy = remedy::kDuplicate},
    {.name = "Throttled",
     .wire_code = "Throttled",
     .status = 429,
     .category = throttled,
     .again = Again::later,
     .remedy = "Let the device try again in a moment."},
    {.name = "ServiceUnavailable",
     .wire_code = "ServiceUnavailable",
     .status = 503,
     .category = unavailable,
     .again = Again::later,
     .remedy =
         "Let the device try again; if it keeps happening, `imprint doctor` examines the server."},
    {.name = "InternalError",
     .wire_code = "InternalError",
     .status = 500,
     .category = internal,
     .again = Again::later,
     .remedy = "The server's log has the reason under the same correlation id; let the device try "
               "again."},
    {.name = "InvalidCertificateOwnershipToken",
     .wire_code = "InvalidCertificateOwnershipToken",
     .status = 400,
     .category = invalid_token,
     .remedy = "Start over: request a certificate, then send RegisterThing with the token of that "
               "answer, before the token expires and over a connection of the same claim."},
    {.name = "InvalidPayload",
     .wire_code = "InvalidPayload",
     .status = 400,
     .category = invalid_request,
     .remedy = "Correct what the firmware sends; the sentence names the member."},
    {.name = "VersionMismatch",
     .wire_code = "VersionMismatch",
     .status = 409,
     .category = conflict,
     .remedy = "Read the execution again (DescribeJobExecution) and send the version that it has; "
               "the answer has its state."},
    {.name = "InvalidStateTransition",
     .wire_code = "InvalidStateTransition",
     .status = 409,
     .category = conflict,
     .remedy = "The execution of the job has ended: ask for the next one "
               "(StartNextPendingJobExecution)."},
    {.name = "InvalidCsr",
     .wire_code = "InvalidCsr",
     .status = 400,
     .category = invalid_csr,
     .remedy = "Make a new key (P-256, P-384, P-521 or RSA with 2048, 3072 or 4096 bits) and a "
               "PKCS#10 request in PEM, signed with that key."},
    {.name = "TemplateDisabled",
     .wire_code = "TemplateDisabled",
     .status = 403,
     .category = template_unavailable,
     .remedy = "Enable it: aws iot update-provisioning-template --template-name NAME --enabled."},
    {.name = "ResourceRegistrationFailure",
     .wire_code = "ResourceRegistrationFailure",
     .status = 400,
     .category = template_failed,
     .remedy = "Create the thing type, thing group or policy that the template names, then let the "
               "device try again."},
    {.name = "ThingTypeDeprecated",
     .wire_code = "ResourceRegistrationFailure",
     .status = 400,
     .category = template_failed,
     .remedy = "The thing type exists and is deprecated: take that back (aws iot "
               "deprecate-thing-type --thing-type-name NAME --undo-deprecate), or name another "
               "type in the template; then let the device try again."},
    {.name = "DuplicateDevice",
     .wire_code = "ResourceConflicts",
     .status = 409,
     .category = duplicate_device,
     .remedy = remedy::kDuplicate},
    {.name = "KeyOfAnotherThing",
     .wire_code = "ResourceConflicts",
     .status = 409,
     .category = conflict,
     .remedy = "A key belongs to one thing: give this unit a key of its own, or, if it is the same "
               "unit under an old name, delete the thing that the sentence names."},
    {.name = "OverrideIsFail",
     .wire_code = "ResourceConflicts",
     .status = 409,
     .category = conflict,
     .remedy = "The template says FAIL for what exists already. If its devices may register again, "
               "change the OverrideSettings that the sentence names to REPLACE, MERGE or "
               "DO_NOTHING."},
    {.name = "ExclusiveThing",
     .wire_code = "ResourceConflicts",
     .status = 409,
     .category = conflict,
     .remedy = "Detach the certificate from the thing that the sentence names (aws iot "
               "detach-thing-principal), or drop EXCLUSIVE_THING from the template."},
    {.name = "LimitReached",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = limit_reached,
     .remedy = "The template has as many devices as its setting fleet-limit allows. Raise it "
               "(imprint template set DIR TEMPLATE fleet-limit=N), or find out who registers more "
               "devices than were made."},
    {.name = "ClaimRefused",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = claim_refused,
     .remedy = "Its claim may not do this: imprint claim show DIR ID shows its budget, imprint "
               "claim set changes it; or give the device another claim: imprint claim create DIR "
               "--template NAME --out FOLDER."},
    {.name = "KeyRefused",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "A certificate with this key, or with its issuer and serial number, was taken out "
               "of service, so the key is refused. If the unit came back from repair and is "
               "trusted again: imprint revocation lift DIR ID, or activate the certificate that is "
               "INACTIVE. If not, it needs a new key."},
    // The gatekeeper: the rule of the template that a unit did not meet.
    {.name = "NotListed",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy =
         "If this unit is one of yours, put it on the list (imprint list set DIR LIST SERIAL); "
         "then the same request succeeds. If not, what it says about itself is wrong."},
    {.name = "Blocked",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Somebody blocked this unit. To let it in again: imprint list set DIR LIST SERIAL "
               "state=allowed."},
    {.name = "ListedForAnotherTemplate",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Let the firmware use the template that the list has for this unit, or change its "
               "entry: imprint list set DIR LIST SERIAL template=NAME."},
    {.name = "ListMissing",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Create the list and import the units (imprint list create, imprint list import), "
               "or name the right list: imprint template set DIR TEMPLATE allowlist=LIST."},
    {.name = "NoListAttached",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "The value comes from a column of a list, and the template has no list. Attach one "
               "(imprint template set DIR TEMPLATE allowlist=LIST), or give the override a value "
               "of its own."},
    {.name = "ListValueMissing",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Give the unit's entry a value in that column: imprint list set DIR LIST SERIAL "
               "COLUMN=VALUE."},
    {.name = "SerialMissing",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Let the firmware send that parameter, or name the one that holds the serial "
               "number: imprint template set DIR TEMPLATE serial-parameter=NAME.",
     .first_connection_remedy =
         "Give the device a certificate whose subject has the serial number, or name the parameter "
         "that holds it: imprint template set DIR TEMPLATE serial-parameter=NAME."},
    {.name = "ParameterRefused",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "If this unit is one of yours, change the rule: imprint template set DIR TEMPLATE "
               "KEY=VALUE. If not, what it says about itself is wrong."},
    // The pre-provisioning hook.
    {.name = "HookDenied",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = hook_denied,
     .remedy = "The hook {hook} denied the device; that is final. If this unit is one of yours, "
               "correct what the hook looks at (its list of serial numbers, its limit), then let "
               "the device try again."},
    {.name = "HookFailed",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = hook_failed,
     .again = Again::later,
     .remedy = "The hook {hook} failed, so the device was not let in. Check that its handler runs "
               "and answers as docs/hooks.md says (`imprint template try` calls it and shows the "
               "answer); the device may try again."},
    {.name = "HookTimedOut",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = hook_timed_out,
     .again = Again::later,
     .remedy =
         "The hook {hook} did not answer in time, so the device was not let in. Check that its "
         "handler runs and is quick enough (`imprint template try` calls it and shows how long it "
         "takes), or give it more concurrency in imprint.toml; the device may try again."},
    {.name = "HookOverride",
     .wire_code = "InvalidParameters",
     .status = 400,
     .category = hook_failed,
     .remedy = "The device's own value was acceptable; the hook replaced it with the one that the "
               "sentence names. Correct what its handler returns in parameterOverrides. `imprint "
               "template try` calls the hook and shows the result."},
    // Certificates and documents sent to the REST API or on a first connection. The answer to a
    // device depends on the fault.
    {.name = "CertificateValidation",
     .category = invalid_certificate,
     .first_connection_remedy =
         "The device's certificate is at fault, as the sentence says: it needs one that is valid, "
         "with a key that is accepted (P-256, P-384, P-521, or RSA with 2048, 3072 or 4096 bits "
         "and the exponent 65537). `imprint template lint --certificate` checks it."},
    {.name = "CertificateConflict", .category = invalid_certificate},
    {.name = "InvalidRequest", .category = invalid_parameters},
    {.name = "InvalidQuery", .category = invalid_parameters},
    {.name = "MalformedPolicy", .category = invalid_parameters},
    // The device's certificate, in the handshake and at CONNECT.
    {.name = "unknown-certificate",
     .category = handshake_refused,
     .remedy = "The device presents a certificate that is not registered here, and no registered "
               "CA certificate vouches for it: fix what the sentence names, register the "
               "certificate (aws iot register-certificate-without-ca) or its CA (imprint ca "
               "register), or let the device start over with its claim."},
    {.name = "CertificateExpired",
     .category = handshake_refused,
     .remedy = "The device's certificate has expired, by this server's clock (`imprint doctor` "
               "checks it): the device needs a new one, from its CA or by its claim."},
    {.name = "CertificateNotYetValid",
     .category = handshake_refused,
     .remedy = "The device's certificate begins later than this server's clock says: compare that "
               "clock (`imprint doctor` checks it) with the CA's. Once the certificate begins, the "
               "device gets in by itself."},
    {.name = "CertificateOutOfUse", .category = handshake_refused},
    {.name = "CertificateDeleted", .category = handshake_refused},
    {.name = "KeyNotAccepted",
     .category = handshake_refused,
     .remedy = "The device needs a certificate with another key: P-256, P-384, P-521, or RSA with "
               "2048, 3072 or 4096 bits and the exponent 65537."},
    {.name = "SignatureNotAccepted",
     .category = handshake_refused,
     .remedy = "Have its CA sign with SHA-256, SHA-384 or SHA-512, and give the device that "
               "certificate."},
    {.name = "ChainNotAccepted",
     .category = handshake_refused,
     .remedy = "Its CA is known, but the device's certificate, or an intermediate CA's that it "
               "sends, is not acceptable: the sentence above names the fault. Issue it anew "
               "without that fault; `imprint template lint --certificate` checks one."},
    {.name = "CaNotInUse",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Its CA certificate is registered but introduces no devices in its present state: "
               "do what the sentence says, and the device gets in at its next connection.",
     .first_connection_remedy =
         "Put the CA certificate back in use (aws iot update-ca-certificate), or register its "
         "successor if it has expired; the device gets in at its next connection."},
    {.name = "FirstConnectionDropped",
     .category = claim_refused,
     .remedy = "Nothing to do: with the setting jitp = aws the first connection is dropped, and "
               "the next one gets in."},
    // The handshake itself.
    {.name = "no-certificate", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "server-not-trusted", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-version", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-cipher", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-group", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-signature", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-protocol", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    // The device's policies.
    {.name = "NoPolicy",
     .category = topic_refused,
     .remedy = "No policy is attached to the certificate, so nothing is allowed: aws iot "
               "attach-policy --policy-name NAME --target with the ARN of certificate "
               "{certificate} (aws iot list-policies lists them)."},
    {.name = "PolicyDenies",
     .category = topic_refused,
     .remedy = "A Deny applies, and no Allow can override it. If the device may do this, change "
               "the policy that the sentence names, or detach it from certificate {certificate} or "
               "from the group of its thing that carries it; another client id or topic may lie "
               "outside the Deny."},
    {.name = "NoStatement", .category = topic_refused},
    {.name = "VariableWithoutValue",
     .category = topic_refused,
     .remedy = "A variable in its policy has no value for this connection, so the statement does "
               "not apply: the certificate is attached to no thing. aws iot attach-thing-principal "
               "--thing-name NAME --principal with the ARN of certificate {certificate}."},
    {.name = "ConditionNotMet",
     .category = topic_refused,
     .remedy = "This connection does not meet a condition in its policy. If the device may do "
               "this, change the condition that the sentence names: aws iot list-attached-policies "
               "--target with the ARN of certificate {certificate}."},
    // The device's request.
    {.name = "ClientIdTaken",
     .category = claim_refused,
     .remedy = "Another device is connected under this client id, which is its thing's name. Let "
               "the firmware use the name of the thing that this certificate belongs to."},
    {.name = "ReservedTopic",
     .category = topic_refused,
     .remedy =
         "No policy can allow this topic: the firmware must use another, as the sentence says."},
    {.name = "LastWill",
     .category = claim_refused,
     .remedy = "Its last will was refused, not its client id: let the firmware send the will to a "
               "topic that its policy lets it publish to, or allow that topic in the policy (with "
               "the retain flag, iot:RetainPublish as well)."},
    {.name = "Retain",
     .category = topic_refused,
     .remedy = "Let the firmware publish without RETAIN. Requests are never retained; for other "
               "topics the policy can allow iot:RetainPublish."},
    // The device's use of MQTT.
    {.name = "NotMqtt",
     .category = protocol_fault,
     .remedy = "The first bytes on this connection are not MQTT: let the firmware begin with "
               "CONNECT. HTTPS has a port of its own (listen.http in imprint.toml)."},
    {.name = "ProtocolVersion",
     .category = protocol_fault,
     .remedy = "Let the firmware's MQTT client speak MQTT 3.1.1 or MQTT 5: most have a setting for "
               "it. MQTT 3.1 (MQIsdp) is not supported."},
    {.name = "ClientIdNotValid",
     .category = protocol_fault,
     .remedy = "Let the firmware send a client id of 1 to 128 bytes, such as its serial number. An "
               "empty one requires the clean session flag."},
    {.name = "EnhancedAuthentication",
     .category = protocol_fault,
     .remedy = "Turn enhanced authentication off in the firmware's MQTT client: the certificate "
               "identifies the device."},
    {.name = "MaximumPacketSize",
     .category = protocol_fault,
     .remedy = "Let the firmware's MQTT client announce a larger Maximum Packet Size: at least 512 "
               "bytes, and 4,096 for an answer with a certificate."},
    {.name = "QosNotSupported",
     .category = protocol_fault,
     .remedy = "Let the firmware publish with QoS 0 or 1, its last will too: QoS 2 is not "
               "supported, here as on AWS IoT."},
    {.name = "PacketTooLarge",
     .category = protocol_fault,
     .remedy = "Let the firmware send smaller messages: a payload may have 128 KiB."},
    {.name = "TopicNotValid",
     .category = protocol_fault,
     .remedy = "Let the firmware publish to a topic of at most 256 bytes and 7 slashes, without + "
               "and #, which are for subscriptions."},
    {.name = "QuotaExceeded",
     .category = protocol_fault,
     .remedy = "Let the firmware request less at once, as the sentence says: a SUBSCRIBE may hold "
               "8 filters, for example."},
    {.name = "TooManyInFlight",
     .category = protocol_fault,
     .remedy = "Let the firmware wait for PUBACK: at most 100 QoS 1 messages may be unacknowledged "
               "at a time."},
    {.name = "TopicAlias",
     .category = protocol_fault,
     .remedy = "Let the firmware use topic aliases from 1 to 8, as CONNACK announces, or none."},
    {.name = "SubscriptionIdentifier",
     .category = protocol_fault,
     .remedy = "Turn subscription identifiers off in the firmware's MQTT client."},
    {.name = "MalformedPacket",
     .category = protocol_fault,
     .remedy = "The firmware or its MQTT library sends malformed packets, as the sentence says: "
               "text that is not UTF-8, or a wrong length. Two tasks writing to one connection "
               "cause this, too."},
    {.name = "ProtocolError",
     .category = protocol_fault,
     .remedy = "The firmware or its MQTT library breaks a rule of MQTT, as the sentence says: "
               "correct it there. A reconnect that sends CONNECT again needs a new connection."},
    {.name = "SlowReader",
     .category = protocol_fault,
     .remedy = "The device does not read what its subscriptions deliver fast enough: let it "
               "subscribe to less, or run its MQTT client's loop more often."},
    {.name = "TooManyRequests",
     .category = protocol_fault,
     .remedy = "Let the firmware wait for the answer to a provisioning request before it sends the "
               "next."},
    {.name = "NoDecision",
     .category = unavailable,
     .again = Again::later,
     .remedy =
         "Let the device try again; if it keeps happening, `imprint doctor` examines the server."},
    {.name = "MqttAtRestPort",
     .category = protocol_fault,
     .remedy = "Let the firmware connect to the MQTT port (listen.mqtt in imprint.toml); this one "
               "is for the REST API and the dashboard."},
});

/// The cause with that name; none if this version does not know it.
Cause find_cause(std::string_view name);

/// The cause of an error: its own, or the one for its fault.
Cause cause_of(const Error& error);

/// The same for the answer to a request: always a cause with a wire code and a status.
Cause answered_cause_of(const Error& error);

}  // namespace outcome

/// The code of a cause in reports for programs: its wire code or, without one, its name.
constexpr std::string_view code_of(Cause cause) {
  return cause->wire_code.empty() ? cause->name : cause->wire_code;
}

/// The name of a cause; empty for no cause.
constexpr std::string_view name_of(Cause cause) { return cause ? cause->name : std::string_view(); }

/// The cause with that name; an unknown name does not compile.
consteval Cause operator""_cause(const char* name, std::size_t size) {
  for (const CauseInfo& info : outcome::kCauses) {
    if (info.name == std::string_view(name, size)) return Cause(info);
  }
  throw "outcome/causes.h has no cause of this name";
}

}  // namespace imprint
