// SPDX-License-Identifier: Apache-2.0
#include "control_api/standing.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <span>

#include "control_api/event_detail.h"
#include "control_api/story.h"
#include "provisioning/caller.h"

namespace imprint::control_api {

namespace {

namespace code = provisioning::code;
using registry::AuditEvent;
using registry::Certificate;
using registry::CertificateStatus;

constexpr std::string_view kRegisterThing = "register_thing";
constexpr std::string_view kJustInTimeProvisioning = "just_in_time_provisioning";
constexpr std::string_view kLeftUnregistered = "left_unregistered";
constexpr std::string_view kService = "service";

/// What a device does itself; of the server's own steps, the one that undoes what it did.
constexpr std::array<std::string_view, 16> kOwnSteps = {
    "tls_handshake",
    "connect",
    "publish",
    "subscribe",
    "receive",
    "answer",
    "create_keys_and_certificate",
    "create_certificate_from_csr",
    "reopen_certificate",
    "hook",
    kRegisterThing,
    kJustInTimeProvisioning,
    "just_in_time_registration",
    kLeftUnregistered,
    kService,
    "remove_expired_certificate",
};

/// What to do about a refusal, by its cause, or for want of one by the code that the device saw.
struct Remedy {
  std::string_view cause;
  std::string_view text;
};
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

std::string_view remedy_of(const EventDetail& detail) {
  auto it = std::ranges::find(kRemedies, detail.text("cause"), &Remedy::cause);
  if (it == kRemedies.end())
    it = std::ranges::find(kRemedies, detail.text("errorCode"), &Remedy::cause);
  return it == kRemedies.end() ? std::string_view() : it->text;
}

std::string advice_on_freeze(const Certificate& claim) {
  const std::string id = claim.id.hex();
  return fmt::format(
      "Its claim is frozen, and none of its devices can register until you decide: {}. If it has "
      "leaked, leave it so and make another: imprint claim create DIR --template NAME --out "
      "FOLDER. If not, see its budget (imprint claim show DIR {}), widen it first (imprint claim "
      "set DIR {}), or the next device freezes it again, and then put it back in service (imprint "
      "claim thaw DIR {}).",
      claim.frozen->because, id, id, id);
}

std::string advice_on_rejection(const AuditEvent& event) {
  const EventDetail detail(event);
  const std::string rule = detail.text("rule");
  if (!rule.empty() && detail.text("cause").empty()) {  // recorded before causes were
    return fmt::format("A rule of the operator's decided: {}. If this unit belongs in, change it.",
                       rule);
  }
  if (!rule.empty())
    return fmt::format("A rule of the operator's decided: {}. {}", rule, remedy_of(detail));
  return fmt::format("{} {}",
                     detail.flag("final") ? "The same request will be refused again."
                                          : "The same request may succeed later.",
                     remedy_of(detail));
}

/// A hook that stopped a registration; one in shadow only says what it would have done.
bool is_refusal_of_hook(const AuditEvent& event) {
  return event.step == "hook" && event.outcome != "ok" && !EventDetail(event).flag("shadow");
}

std::string advice_on_hook(const AuditEvent& event) {
  const std::string arn = EventDetail(event).text("hook");
  if (event.outcome == "denied") {
    return fmt::format(
        "The hook {} said no, and its word counts. If this unit is a good one: put it right where "
        "the hook looks (its list of serial numbers, its limit), then let the device try again.",
        quote(arn));
  }
  if (event.outcome == "timed_out") {
    return fmt::format(
        "The hook {} did not answer in time, so nobody was let in. See that its handler runs and "
        "is quick enough (`imprint template try` asks it and shows how long it takes), or give it "
        "more concurrency in imprint.toml; the device may try again.",
        quote(arn));
  }
  return fmt::format(
      "The hook {} could not do its work, so nobody was let in. See that its handler runs and "
      "answers as docs/hooks.md says (`imprint template try` asks it and shows what comes back); "
      "the device may try again.",
      quote(arn));
}

Judgement judge_pending(const Certificate& certificate) {
  const std::string id = certificate.id.hex();
  if (!certificate.ca_certificate || certificate.requested_by) {
    return {Standing::waiting,
            "The device has its certificate but has not registered it: it publishes RegisterThing "
            "with its ownership token, over the claim's connection, within the hour."};
  }
  return {Standing::waiting,
          fmt::format("Certificate {} waits for its activation. Activate it (aws iot "
                      "update-certificate --certificate-id {} --new-status ACTIVE) and attach a "
                      "policy; or give its CA certificate {} a registration config, and the device "
                      "provisions itself at its next connection.",
                      id, id, certificate.ca_certificate->hex())};
}

/// A certificate that cannot be used as it is.
Judgement judge_unusable(const Certificate& certificate) {
  const std::string id = certificate.id.hex();
  if (certificate.status == CertificateStatus::pending_activation)
    return judge_pending(certificate);
  if (certificate.status == CertificateStatus::revoked) {
    return {Standing::bad,
            fmt::format("Certificate {} is REVOKED for good: the device needs a new key, by its "
                        "claim or from its CA.",
                        id)};
  }
  return {Standing::bad, fmt::format("Certificate {} is {}. If that is not meant so: aws iot "
                                     "update-certificate --certificate-id {} --new-status ACTIVE.",
                                     id, registry::to_string(certificate.status), id)};
}

bool is_usable(const Certificate& certificate) {
  return certificate.status == CertificateStatus::active;
}

std::string advice_on_denial(const AuditEvent& event,
                             const std::optional<Certificate>& certificate) {
  if (event.step == "tls_handshake") {
    // Events of earlier versions have no cause: they are about unknown certificates.
    const std::string cause = EventDetail(event).text("cause");
    if (!cause.empty() && cause != "unknown-certificate")
      return "The device and the server did not come to an agreement in the TLS handshake: do what "
             "the sentence says, and have the device connect again.";
    return "The device shows a certificate that is not registered here, and no CA certificate "
           "that may introduce it: mend what the sentence names, register the certificate (aws iot "
           "register-certificate-without-ca) or its CA (imprint ca register), or let the device "
           "begin again with its claim.";
  }
  if (!certificate) {
    return "The certificate is not in the registry, or not any more: a device with a claim begins "
           "again with it; one whose certificate a registered CA signed comes in by itself once "
           "what the sentence names is mended.";
  }
  if (EventDetail(event).text("cause") == code::kClientIdTaken) {
    return "Another device is connected under this client id, which is its thing's name. Let the "
           "firmware use the name of the thing that this certificate belongs to.";
  }
  if (is_of_claim(event)) {
    return "A claim may provision through its template and do nothing else: correct the topic in "
           "the firmware, or use the device's own certificate for this.";
  }
  return fmt::format(
      "Either the firmware uses another {} than its policy allows, or the policy needs a statement "
      "that allows it: aws iot list-attached-policies --target with the ARN of certificate {}.",
      event.step == "connect" ? "client id" : "topic", event.certificate);
}

std::string advice_on_refusal(const AuditEvent& event, const DeviceFacts& facts) {
  if (is_refusal_of_hook(event)) return advice_on_hook(event);
  if (event.outcome == "rejected") return advice_on_rejection(event);
  if (event.outcome == "lost") {
    return "The firmware subscribes to the topics that end in /accepted and /rejected, and waits "
           "for SUBACK, before it publishes the request; then it asks again.";
  }
  if (event.outcome == "denied") return advice_on_denial(event, facts.certificate);
  if (event.step == kLeftUnregistered) {
    return "Let the firmware register before it disconnects: RegisterThing, with the token of the "
           "answer, over the same claim. If it never saw the answer: give its MQTT client a buffer "
           "that the answer fits into (PubSubClient: setBufferSize(4096); others have a setting "
           "like it), subscribe to the topics that end in /accepted and /rejected before the "
           "request, and give each unit a client id of its own.";
  }
  return "The connection broke; the device tries again. If it goes on: network, keep-alive and "
         "power of the device.";
}

bool is_creation(const AuditEvent& event) {
  return event.step == "create_certificate_from_csr" ||
         event.step == "create_keys_and_certificate" || event.step == "reopen_certificate";
}

std::string advice_on_alarm(const registry::Alarm& alarm) {
  return fmt::format("The alarm {} is raised for it: {}. {} (imprint alarm list DIR has it all.)",
                     alarm.kind, alarm.because, alarm.next);
}

/// Its last step went well; what has become of its certificate since?
Judgement judge_success(const AuditEvent& event, const DeviceFacts& facts) {
  if (event.step == "remove_expired_certificate")
    return {Standing::waiting,
            "The device begins again with its claim and registers within the "
            "hour."};
  const auto& certificate = facts.certificate;
  if (!certificate && !event.certificate.empty()) {
    return {Standing::bad,
            fmt::format("Its certificate {} is not in the registry any more: a device with a claim "
                        "begins again with it; one whose certificate a registered CA signed comes "
                        "in by itself at its next connection.",
                        event.certificate)};
  }
  if (is_creation(event) && certificate && certificate->requested_by &&
      certificate->status == CertificateStatus::pending_activation) {
    return {Standing::waiting,
            "The device has its certificate and goes on with RegisterThing: it publishes the token "
            "to $aws/provisioning-templates/NAME/provision/json within the hour."};
  }
  if (certificate && !is_usable(*certificate)) return judge_unusable(*certificate);
  if (certificate && certificate->not_after < facts.now) {
    return {Standing::bad, fmt::format("Certificate {} has expired: the device needs a new one, by "
                                       "its claim or from its CA.",
                                       certificate->id.hex())};
  }
  if (!facts.alarms.empty()) return {Standing::bad, advice_on_alarm(facts.alarms.front())};
  if (event.step == kService) {
    return {
        Standing::good,
        "The device uses shadows, jobs, Device Defender or another service that this server does "
        "not have, and gets no answer. Turn it off in the firmware (AWS IoT Device Client: jobs, "
        "device-defender and the shadows in its configuration), or leave it: it does no harm."};
  }
  if (event.step == "connect" && is_of_claim(event)) {
    return {
        Standing::waiting,
        "The device is connected with its claim and has asked for nothing yet: it subscribes to "
        "the answers and publishes to $aws/certificates/create-from-csr/json."};
  }
  if (event.step == kRegisterThing) {
    return {Standing::good,
            fmt::format("The device is registered{} and connects with its new certificate {} next.",
                        event.thing.empty() ? "" : " as " + event.thing, event.certificate)};
  }
  if (event.step == kJustInTimeProvisioning)
    return {Standing::good, "The device is provisioned and gets in with its next connection."};
  if (is_creation(event)) return {Standing::good, "The certificate is active."};
  return {Standing::good, "The last thing it did went well."};
}

/// Of what a device was told, what was behind it: the step before on the same connection that the
/// device heard nothing of.
const AuditEvent* cause_of(const AuditEvent& event, const std::vector<AuditEvent>& story) {
  const bool is_rejection =
      (event.step == kRegisterThing || event.step == kJustInTimeProvisioning) &&
      event.outcome == "rejected";
  const bool is_introduction = event.step == "connect" && event.outcome == "denied";
  if (!is_rejection && !is_introduction) return &event;
  const auto before = std::span(story).first(static_cast<std::size_t>(&event - story.data()));
  for (const AuditEvent& earlier : std::ranges::reverse_view(before)) {
    if (earlier.correlation != event.correlation || earlier.step == "alarm") continue;
    if (is_refusal_of_hook(earlier)) return &earlier;
    if (!is_introduction || earlier.step != kJustInTimeProvisioning) return &event;
    const bool brought_it_about = earlier.outcome != "ok" ||
                                  EventDetail(event).text("cause") == code::kFirstConnectionDropped;
    return brought_it_about ? cause_of(earlier, story) : &event;
  }
  return &event;
}

}  // namespace

std::string_view to_string(Standing standing) {
  constexpr std::array<std::string_view, 4> kNames = {"good", "waiting", "bad", "unknown"};
  return kNames.at(static_cast<std::size_t>(standing));
}

bool is_refusal(const AuditEvent& event) {
  if (std::ranges::find(kOwnSteps, event.step) == kOwnSteps.end() || event.outcome == "ok")
    return false;
  return event.step != "hook" || is_refusal_of_hook(event);
}

const AuditEvent* decisive_event(const std::vector<AuditEvent>& story) {
  for (const AuditEvent& event : std::ranges::reverse_view(story)) {
    if (std::ranges::find(kOwnSteps, event.step) != kOwnSteps.end()) return cause_of(event, story);
  }
  return nullptr;
}

Judgement judge(const std::vector<AuditEvent>& story, const DeviceFacts& facts) {
  if (story.empty()) {
    return {Standing::unknown,
            "Nothing is on record under that name. Either the device has not reached this server "
            "(its log shows how far TCP and TLS came; check address, port and the root CA it "
            "trusts), or it goes by another name: search by client id or certificate, or list who "
            "was refused last: imprint explain DIR. A device that came very often in a short time, "
            "or whose claim did, has its latest steps in the server's log only."};
  }
  const AuditEvent* event = decisive_event(story);
  if (event == nullptr) {
    if (!facts.alarms.empty()) return {Standing::bad, advice_on_alarm(facts.alarms.front())};
    return {Standing::unknown,
            "The device itself has not come yet: all that is on record was done by others."};
  }
  if (facts.certificate && facts.certificate->frozen)
    return {Standing::bad, advice_on_freeze(*facts.certificate)};
  if (!is_refusal(*event)) return judge_success(*event, facts);
  const bool is_denial = event->outcome == "denied" && event->step != "hook";
  if (is_denial && facts.certificate && !is_usable(*facts.certificate))
    return judge_unusable(*facts.certificate);
  return {Standing::bad, advice_on_refusal(*event, facts)};
}

}  // namespace imprint::control_api
