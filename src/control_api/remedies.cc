// SPDX-License-Identifier: Apache-2.0
#include "control_api/remedies.h"

#include <algorithm>
#include <array>
#include <span>

#include "provisioning/caller.h"
#include "provisioning/outside_certificate.h"
#include "registry/refusal.h"

namespace imprint::control_api {

namespace {

namespace code = provisioning::code;
namespace cause = registry::cause;

struct Remedy {
  std::string_view cause;
  std::string_view text;
};

/// Of requests, by their cause, or for want of one by the code that the device saw.
constexpr std::array kRemedies = {
    Remedy{code::kInvalidParameters,
           "Send the parameters that the template asks for, as texts; `imprint template try` shows "
           "what a template makes of them."},
    Remedy{code::kInvalidToken,
           "Begin again with a create request and register with the token of its answer, within "
           "the hour, over a connection of the same claim."},
    Remedy{code::kInvalidCsr,
           "Make a new key (P-256, P-384, P-521 or RSA with 2048, 3072 or 4096 bits) and a PKCS#10 "
           "request in PEM that it signs itself."},
    Remedy{code::kInvalidPayload,
           "Correct what the firmware sends; the sentence names the member."},
    Remedy{code::kResourceNotFound,
           "Create the provisioning template, or correct its name in the topic that the firmware "
           "publishes to."},
    Remedy{code::kTemplateDisabled,
           "Enable it: aws iot update-provisioning-template --template-name NAME --enabled."},
    Remedy{code::kResourceConflicts,
           "If this unit may take the name over, permit it once (imprint reprovision allow DIR "
           "THING) or change the template's `reprovision`; if not, two units have one serial "
           "number."},
    Remedy{code::kDuplicateDevice,
           "If this unit may take the name over, permit it once (imprint reprovision allow DIR "
           "THING) or change the template's `reprovision`; if not, two units have one serial "
           "number."},
    Remedy{code::kTypeDeprecated,
           "The thing type exists and is deprecated: put it back in use (aws iot "
           "deprecate-thing-type --thing-type-name NAME --undo-deprecate), or name another in the "
           "template; then let the device try again."},
    Remedy{code::kHookOverride,
           "The hook put the value that the sentence names in the place of the device's own, which "
           "would have done: correct what its handler answers in parameterOverrides. `imprint "
           "template try` asks it and shows what comes of it."},
    Remedy{code::kRegistrationFailure,
           "Create the thing type, thing group or policy that the template names, then let the "
           "device try again."},
    Remedy{code::kNotListed,
           "If this unit belongs in, put it on the list (imprint list set DIR LIST SERIAL); then "
           "the same request succeeds. If not, something is wrong with what it says of itself."},
    Remedy{code::kBlocked,
           "Somebody blocked this unit. If that is over: imprint list set DIR LIST SERIAL "
           "state=allowed."},
    Remedy{
        code::kListedForAnother,
        "Let the firmware use the template that the list has for this unit, or change its entry: "
        "imprint list set DIR LIST SERIAL template=NAME."},
    Remedy{code::kListMissing,
           "Make the list and bring the units in (imprint list create, imprint list import), or "
           "name the right one: imprint template set DIR TEMPLATE allowlist=LIST."},
    Remedy{
        code::kNoListAttached,
        "The value comes from a column of a list, and the template has no list. Attach one "
        "(imprint template set DIR TEMPLATE allowlist=LIST), or give the override a value of its "
        "own."},
    Remedy{code::kListValueMissing,
           "Give the unit's entry a value in that column: imprint list set DIR LIST SERIAL "
           "COLUMN=VALUE."},
    Remedy{code::kSerialMissing,
           "Let the firmware send that parameter, or name the one that holds the serial: imprint "
           "template set DIR TEMPLATE serial-parameter=NAME."},
    Remedy{code::kParameterRefused,
           "If the unit is a good one, change the rule: imprint template set DIR TEMPLATE "
           "KEY=VALUE. If not, something is wrong with what it says of itself."},
    Remedy{code::kLimitReached,
           "The template has as many devices as its setting fleet-limit allows. Raise it (imprint "
           "template set DIR TEMPLATE fleet-limit=N), or find out who registers more than were "
           "made."},
    Remedy{code::kClaimRefused,
           "Its claim may not do this: imprint claim show DIR ID shows its budget, imprint claim "
           "set changes it; or give the device another claim: imprint claim create DIR --template "
           "NAME --out FOLDER."},
    Remedy{
        code::kKeyRefused,
        "A certificate of this key, or of its issuer and serial number, was taken out of service, "
        "so the key stays out. If the unit came back from repair and is trusted again: imprint "
        "revocation lift DIR ID, or activate the certificate that is INACTIVE. If not, it needs a "
        "new key."},
    Remedy{code::kAccessDenied,
           "Give the device a claim that may do this: imprint claim create DIR --template NAME "
           "--out FOLDER."},
    Remedy{code::kThrottled, "Let the device try again in a moment."},
    Remedy{"ServiceUnavailable",
           "Let the device try again; if it goes on, `imprint doctor` looks at the server."},
    Remedy{code::kInternalError,
           "The server's log has the cause under the same correlation id; let the device try "
           "again."},
};

/// The same of a first connection, where the device sends nothing but its certificate.
constexpr std::array kFirstConnectionRemedies = {
    Remedy{code::kInvalidParameters,
           "The template takes its values from the device's certificate, and what the sentence "
           "names is missing there or does not fit. Give the device a certificate with another "
           "subject, or change the template (a Default, another Ref); `imprint template lint "
           "--certificate` says whether they fit."},
    Remedy{code::kCertificateValidation,
           "The device's certificate is at fault, as the sentence says: it needs one that is "
           "valid, with a key that is accepted (P-256, P-384, P-521, or RSA with 2048, 3072 or "
           "4096 bits and the exponent 65537). `imprint template lint --certificate` judges it."},
    Remedy{code::kSerialMissing,
           "Give the device a certificate whose subject has the serial, or name the parameter that "
           "holds it: imprint template set DIR TEMPLATE serial-parameter=NAME."},
    Remedy{code::kResourceNotFound,
           "Create the provisioning template that the CA certificate names, or name another in its "
           "registration config (aws iot update-ca-certificate --registration-config)."},
    Remedy{cause::kCaNotInUse,
           "Put the CA certificate back in use (aws iot update-ca-certificate), or register its "
           "successor if it has ended; the device comes in at its next connection."},
};

/// Of what a device was denied, and of what it was cut for.
constexpr std::array kDenials = {
    // Its certificate, in the handshake.
    Remedy{cause::kExpired,
           "The device's certificate has ended, by the clock of this server (`imprint doctor` "
           "looks at that): the device needs a new one, from its CA or by its claim."},
    Remedy{cause::kNotYetValid,
           "The device's certificate begins later than this server's clock says: compare that "
           "clock (`imprint doctor` looks at it) with the one of the CA. When it begins, the "
           "device gets in by itself."},
    Remedy{cause::kKeyNotAccepted,
           "The device needs a certificate with another key: P-256, P-384, P-521, or RSA with "
           "2048, 3072 or 4096 bits and the exponent 65537."},
    Remedy{cause::kSignatureNotAccepted,
           "Have its CA sign with SHA-256, SHA-384 or SHA-512, and give the device that "
           "certificate."},
    Remedy{
        cause::kChainNotAccepted,
        "Its CA is known, but the device's certificate, or an intermediate CA's that it sends, is "
        "not acceptable: the sentence above names the fault. Issue it anew without it; `imprint "
        "template lint --certificate` judges one."},
    Remedy{cause::kCaNotInUse,
           "Its CA certificate is registered and introduces no devices as it is: do what the "
           "sentence says, and the device comes in at its next connection."},
    // What it asks for.
    Remedy{code::kClientIdTaken,
           "Another device is connected under this client id, which is its thing's name. Let the "
           "firmware use the name of the thing that this certificate belongs to."},
    Remedy{cause::kReservedTopic,
           "No policy opens this topic: the firmware must use another, as the sentence says."},
    Remedy{cause::kWill,
           "Its last will was refused, not its client id: let the firmware send the will to a "
           "topic that its policy lets it publish to, or add that to the policy (with the flag "
           "retain: iot:RetainPublish, too)."},
    Remedy{cause::kRetain,
           "Let the firmware publish without RETAIN. Requests are never kept; for other topics the "
           "policy may allow iot:RetainPublish."},
    // How it speaks MQTT.
    Remedy{cause::kNotMqtt,
           "What comes first on this connection is no MQTT: let the firmware begin with CONNECT. "
           "HTTPS has a port of its own (listen.http in imprint.toml)."},
    Remedy{cause::kProtocolVersion,
           "Let the firmware's MQTT client speak MQTT 3.1.1 or MQTT 5: most have a setting for it. "
           "MQTT 3.1 (MQIsdp) is not served."},
    Remedy{cause::kClientId,
           "Let the firmware send a client id of 1 to 128 bytes, such as its serial number. An "
           "empty one needs the flag clean session."},
    Remedy{cause::kAuthentication,
           "Turn enhanced authentication off in the firmware's MQTT client: the certificate says "
           "who it is."},
    Remedy{cause::kMaximumPacketSize,
           "Let the firmware's MQTT client announce a larger Maximum Packet Size: 512 bytes at "
           "least, and 4,096 for an answer with a certificate."},
    Remedy{cause::kQos,
           "Let the firmware publish with QoS 0 or 1, its last will too: QoS 2 is not offered, "
           "here as on AWS IoT."},
    Remedy{cause::kTooLarge, "Let the firmware send less at once: a payload may have 128 KiB."},
    Remedy{cause::kTopic,
           "Let the firmware publish to a topic of at most 256 bytes and 7 slashes, without + and "
           "#, which are for subscriptions."},
    Remedy{cause::kQuota,
           "Let the firmware ask for less at once, as the sentence says: one SUBSCRIBE may hold 8 "
           "filters, for example."},
    Remedy{cause::kInFlight,
           "Let the firmware wait for PUBACK: 100 messages of QoS 1 may be on their way at once."},
    Remedy{cause::kTopicAlias,
           "Let the firmware use topic aliases from 1 to 8, as CONNACK tells it, or none."},
    Remedy{cause::kSubscriptionId,
           "Turn subscription identifiers off in the firmware's MQTT client."},
    Remedy{cause::kMalformed,
           "The firmware or its MQTT library sends what is no MQTT packet, as the sentence says: a "
           "text that is not UTF-8, a length that is wrong. Two tasks that write to one connection "
           "do this, too."},
    Remedy{cause::kProtocol,
           "The firmware or its MQTT library does what MQTT does not allow, as the sentence says: "
           "correct it there. A reconnect that sends CONNECT again needs a new connection."},
    Remedy{cause::kSlowReader,
           "The device does not read what its subscriptions bring: let it subscribe to less, or "
           "call its MQTT client more often."},
    Remedy{cause::kTooFast,
           "Let the firmware wait for the answer to a provisioning request before it sends the "
           "next."},
    Remedy{cause::kNoDecision,
           "Let the device try again; if it goes on, `imprint doctor` looks at the server."},
    Remedy{cause::kMqttAtRestPort,
           "Let the firmware connect to the MQTT port (listen.mqtt in imprint.toml); this one is "
           "for the REST API and the dashboard."},
};

std::string_view find_in(std::span<const Remedy> remedies, std::string_view wanted) {
  const auto it = std::ranges::find(remedies, wanted, &Remedy::cause);
  return it == remedies.end() ? std::string_view() : it->text;
}

}  // namespace

std::string_view remedy_of_request(const EventDetail& detail) {
  const std::string_view by_cause = find_in(kRemedies, detail.text("cause"));
  return by_cause.empty() ? find_in(kRemedies, detail.text("errorCode")) : by_cause;
}

std::string_view remedy_of_first_connection(const EventDetail& detail) {
  for (const char* member : {"cause", "errorCode"}) {
    const std::string name = detail.text(member);
    for (const std::span<const Remedy> remedies :
         {std::span<const Remedy>(kFirstConnectionRemedies), std::span<const Remedy>(kRemedies)}) {
      if (const auto found = find_in(remedies, name); !found.empty()) return found;
    }
  }
  return {};
}

std::string_view remedy_of_denial(const EventDetail& detail) {
  return find_in(kDenials, detail.text("cause"));
}

}  // namespace imprint::control_api
