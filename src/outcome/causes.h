// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/cause.h"
#include "base/error.h"
#include "outcome/failure_category.h"

/// Every cause for which a device or its request is refused. One row says all there is to say of
/// a cause: answers, metrics, alarms, `imprint explain`, the dashboard and docs/causes.md read it.
namespace imprint {

/// Whether the same request may succeed later by itself.
enum class Again : std::uint8_t { final, later };

struct CauseInfo {
  std::string_view name;  ///< as events have it: "NotListed"
  /// errorCode and statusCode of a rejected payload (AWS IoT, fleet provisioning MQTT API; those
  /// AWS does not document are decided in docs/compatibility.md). Several causes share a code: what
  /// the operator's rules are is not for whoever asks. Empty and 0 where no request is answered.
  std::string_view wire_code = {};
  int status = 0;
  outcome::FailureCategory category =
      outcome::FailureCategory::internal;  ///< of imprint_provisioning_failure_total
  Again again = Again::final;
  /// What the operator or the firmware does next; empty where it takes more than the cause to say
  /// (story/judgement.cc).
  std::string_view remedy = {};
  /// The same of a first connection, where the device sends nothing but its certificate.
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
    // What a provisioning request is answered with. The first seven stand for a fault without a
    // cause of its own (cause_of).
    {.name = "InvalidParameters",
     .wire_code = "InvalidParameters",
     .status = 400,
     .category = invalid_parameters,
     .remedy = "Send the parameters that the template asks for, as texts; `imprint template try` "
               "shows what a template makes of them.",
     .first_connection_remedy =
         "The template takes its values from the device's certificate, and what the sentence names "
         "is missing there or does not fit. Give the device a certificate with another subject, or "
         "change the template (a Default, another Ref); `imprint template lint --certificate` says "
         "whether they fit."},
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
     .remedy = "Let the device try again; if it goes on, `imprint doctor` looks at the server."},
    {.name = "InternalError",
     .wire_code = "InternalError",
     .status = 500,
     .category = internal,
     .again = Again::later,
     .remedy = "The server's log has the cause under the same correlation id; let the device try "
               "again."},
    {.name = "InvalidCertificateOwnershipToken",
     .wire_code = "InvalidCertificateOwnershipToken",
     .status = 400,
     .category = invalid_token,
     .remedy = "Begin again with a create request and register with the token of its answer, "
               "within the hour, over a connection of the same claim."},
    {.name = "InvalidPayload",
     .wire_code = "InvalidPayload",
     .status = 400,
     .category = invalid_request,
     .remedy = "Correct what the firmware sends; the sentence names the member."},
    {.name = "InvalidCsr",
     .wire_code = "InvalidCsr",
     .status = 400,
     .category = invalid_csr,
     .remedy = "Make a new key (P-256, P-384, P-521 or RSA with 2048, 3072 or 4096 bits) and a "
               "PKCS#10 request in PEM that it signs itself."},
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
     .remedy = "The thing type exists and is deprecated: put it back in use (aws iot "
               "deprecate-thing-type --thing-type-name NAME --undo-deprecate), or name another in "
               "the template; then let the device try again."},
    {.name = "DuplicateDevice",
     .wire_code = "ResourceConflicts",
     .status = 409,
     .category = duplicate_device,
     .remedy = remedy::kDuplicate},
    {.name = "KeyOfAnotherThing",
     .wire_code = "ResourceConflicts",
     .status = 409,
     .category = conflict,
     .remedy = "One key belongs to one thing: give this unit a key of its own, or delete the thing "
               "that the sentence names if it is the same unit under an old name."},
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
               "than were made."},
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
     .remedy = "A certificate of this key, or of its issuer and serial number, was taken out of "
               "service, so the key stays out. If the unit came back from repair and is trusted "
               "again: imprint revocation lift DIR ID, or activate the certificate that is "
               "INACTIVE. If not, it needs a new key."},
    // The gatekeeper's: which rule of the template a unit did not meet.
    {.name = "NotListed",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "If this unit belongs in, put it on the list (imprint list set DIR LIST SERIAL); "
               "then the same request succeeds. If not, something is wrong with what it says of "
               "itself."},
    {.name = "Blocked",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Somebody blocked this unit. If that is over: imprint list set DIR LIST SERIAL "
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
     .remedy = "Make the list and bring the units in (imprint list create, imprint list import), "
               "or name the right one: imprint template set DIR TEMPLATE allowlist=LIST."},
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
     .remedy = "Let the firmware send that parameter, or name the one that holds the serial: "
               "imprint template set DIR TEMPLATE serial-parameter=NAME.",
     .first_connection_remedy =
         "Give the device a certificate whose subject has the serial, or name the parameter that "
         "holds it: imprint template set DIR TEMPLATE serial-parameter=NAME."},
    {.name = "ParameterRefused",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "If the unit is a good one, change the rule: imprint template set DIR TEMPLATE "
               "KEY=VALUE. If not, something is wrong with what it says of itself."},
    // The pre-provisioning hook's. The hook's own event says what to do.
    {.name = "HookDenied", .wire_code = "AccessDenied", .status = 403, .category = hook_denied},
    {.name = "HookFailed",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = hook_failed,
     .again = Again::later},
    {.name = "HookTimedOut",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = hook_timed_out,
     .again = Again::later},
    {.name = "HookOverride",
     .wire_code = "InvalidParameters",
     .status = 400,
     .category = hook_failed,
     .remedy = "The hook put the value that the sentence names in the place of the device's own, "
               "which would have done: correct what its handler answers in parameterOverrides. "
               "`imprint template try` asks it and shows what comes of it."},
    // Of certificates and documents that are brought to the REST API or come with a first
    // connection.
    {.name = "CertificateValidation",
     .wire_code = "CertificateValidation",
     .status = 400,
     .category = invalid_certificate,
     .first_connection_remedy =
         "The device's certificate is at fault, as the sentence says: it needs one that is valid, "
         "with a key that is accepted (P-256, P-384, P-521, or RSA with 2048, 3072 or 4096 bits "
         "and the exponent 65537). `imprint template lint --certificate` judges it."},
    {.name = "CertificateConflict",
     .wire_code = "CertificateConflict",
     .status = 409,
     .category = invalid_certificate},
    {.name = "InvalidRequest",
     .wire_code = "InvalidRequest",
     .status = 400,
     .category = invalid_parameters},
    {.name = "InvalidQuery",
     .wire_code = "InvalidRequest",
     .status = 400,
     .category = invalid_parameters},
    {.name = "MalformedPolicy",
     .wire_code = "InvalidRequest",
     .status = 400,
     .category = invalid_parameters},
    // Of the device's certificate, in the handshake and at CONNECT.
    {.name = "unknown-certificate",
     .category = handshake_refused,
     .remedy = "The device shows a certificate that is not registered here, and no CA certificate "
               "that may introduce it: mend what the sentence names, register the certificate (aws "
               "iot register-certificate-without-ca) or its CA (imprint ca register), or let the "
               "device begin again with its claim."},
    {.name = "CertificateExpired",
     .category = handshake_refused,
     .remedy = "The device's certificate has expired, by this server's clock (`imprint doctor` "
               "checks it): the device needs a new one, from its CA or by its claim."},
    {.name = "CertificateNotYetValid",
     .category = handshake_refused,
     .remedy = "The device's certificate begins later than this server's clock says: compare that "
               "clock (`imprint doctor` checks it) with the CA's. When the certificate begins, the "
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
               "without it; `imprint template lint --certificate` judges one."},
    {.name = "CaNotInUse",
     .wire_code = "AccessDenied",
     .status = 403,
     .category = not_admitted,
     .remedy = "Its CA certificate is registered and introduces no devices as it is: do what the "
               "sentence says, and the device comes in at its next connection.",
     .first_connection_remedy =
         "Put the CA certificate back in use (aws iot update-ca-certificate), or register its "
         "successor if it has ended; the device comes in at its next connection."},
    {.name = "FirstConnectionDropped", .category = claim_refused},
    // Of the handshake itself.
    {.name = "no-certificate", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "server-not-trusted", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-version", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-cipher", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-group", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-signature", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    {.name = "no-shared-protocol", .category = handshake_refused, .remedy = remedy::kAgreeOnTls},
    // Of the device's policies. The remedy names the certificate (story/judgement.cc).
    {.name = "NoPolicy", .category = topic_refused},
    {.name = "PolicyDenies", .category = topic_refused},
    {.name = "NoStatement", .category = topic_refused},
    {.name = "VariableWithoutValue", .category = topic_refused},
    {.name = "ConditionNotMet", .category = topic_refused},
    // Of what it asks for.
    {.name = "ClientIdTaken",
     .category = claim_refused,
     .remedy = "Another device is connected under this client id, which is its thing's name. Let "
               "the firmware use the name of the thing that this certificate belongs to."},
    {.name = "ReservedTopic",
     .category = topic_refused,
     .remedy = "No policy opens this topic: the firmware must use another, as the sentence says."},
    {.name = "LastWill",
     .category = claim_refused,
     .remedy = "Its last will was refused, not its client id: let the firmware send the will to a "
               "topic that its policy lets it publish to, or add that to the policy (with the flag "
               "retain: iot:RetainPublish, too)."},
    {.name = "Retain",
     .category = topic_refused,
     .remedy = "Let the firmware publish without RETAIN. Requests are never kept; for other topics "
               "the policy may allow iot:RetainPublish."},
    // Of how it speaks MQTT.
    {.name = "NotMqtt",
     .category = protocol_fault,
     .remedy = "What comes first on this connection is no MQTT: let the firmware begin with "
               "CONNECT. HTTPS has a port of its own (listen.http in imprint.toml)."},
    {.name = "ProtocolVersion",
     .category = protocol_fault,
     .remedy = "Let the firmware's MQTT client speak MQTT 3.1.1 or MQTT 5: most have a setting for "
               "it. MQTT 3.1 (MQIsdp) is not served."},
    {.name = "ClientIdNotValid",
     .category = protocol_fault,
     .remedy = "Let the firmware send a client id of 1 to 128 bytes, such as its serial number. An "
               "empty one needs the flag clean session."},
    {.name = "EnhancedAuthentication",
     .category = protocol_fault,
     .remedy = "Turn enhanced authentication off in the firmware's MQTT client: the certificate "
               "says who it is."},
    {.name = "MaximumPacketSize",
     .category = protocol_fault,
     .remedy = "Let the firmware's MQTT client announce a larger Maximum Packet Size: 512 bytes at "
               "least, and 4,096 for an answer with a certificate."},
    {.name = "QosNotSupported",
     .category = protocol_fault,
     .remedy = "Let the firmware publish with QoS 0 or 1, its last will too: QoS 2 is not offered, "
               "here as on AWS IoT."},
    {.name = "PacketTooLarge",
     .category = protocol_fault,
     .remedy = "Let the firmware send less at once: a payload may have 128 KiB."},
    {.name = "TopicNotValid",
     .category = protocol_fault,
     .remedy = "Let the firmware publish to a topic of at most 256 bytes and 7 slashes, without + "
               "and #, which are for subscriptions."},
    {.name = "QuotaExceeded",
     .category = protocol_fault,
     .remedy = "Let the firmware ask for less at once, as the sentence says: one SUBSCRIBE may "
               "hold 8 filters, for example."},
    {.name = "TooManyInFlight",
     .category = protocol_fault,
     .remedy = "Let the firmware wait for PUBACK: 100 messages of QoS 1 may be on their way at "
               "once."},
    {.name = "TopicAlias",
     .category = protocol_fault,
     .remedy = "Let the firmware use topic aliases from 1 to 8, as CONNACK tells it, or none."},
    {.name = "SubscriptionIdentifier",
     .category = protocol_fault,
     .remedy = "Turn subscription identifiers off in the firmware's MQTT client."},
    {.name = "MalformedPacket",
     .category = protocol_fault,
     .remedy = "The firmware or its MQTT library sends what is no MQTT packet, as the sentence "
               "says: a text that is not UTF-8, a length that is wrong. Two tasks that write to "
               "one connection do this, too."},
    {.name = "ProtocolError",
     .category = protocol_fault,
     .remedy = "The firmware or its MQTT library does what MQTT does not allow, as the sentence "
               "says: correct it there. A reconnect that sends CONNECT again needs a new "
               "connection."},
    {.name = "SlowReader",
     .category = protocol_fault,
     .remedy = "The device does not read what its subscriptions bring: let it subscribe to less, "
               "or call its MQTT client more often."},
    {.name = "TooManyRequests",
     .category = protocol_fault,
     .remedy = "Let the firmware wait for the answer to a provisioning request before it sends the "
               "next."},
    {.name = "NoDecision",
     .category = unavailable,
     .again = Again::later,
     .remedy = "Let the device try again; if it goes on, `imprint doctor` looks at the server."},
    {.name = "MqttAtRestPort",
     .category = protocol_fault,
     .remedy = "Let the firmware connect to the MQTT port (listen.mqtt in imprint.toml); this one "
               "is for the REST API and the dashboard."},
});

/// A row by its name; none for a name of tomorrow's.
Cause find_cause(std::string_view name);

/// The cause of an error: its own, or the one that stands for its fault.
Cause cause_of(const Error& error);

/// The same for whoever's request is answered: always one with a wire code and a status.
Cause answered_cause_of(const Error& error);

/// "docs/causes.md#notlisted".
std::string page_of(Cause cause);

}  // namespace outcome

/// Empty for none.
constexpr std::string_view name_of(Cause cause) { return cause ? cause->name : std::string_view(); }

/// The row of that name; one that is not there does not compile.
consteval Cause operator""_cause(const char* name, std::size_t size) {
  for (const CauseInfo& info : outcome::kCauses) {
    if (info.name == std::string_view(name, size)) return Cause(info);
  }
  throw "outcome/causes.h has no cause of this name";
}

}  // namespace imprint
