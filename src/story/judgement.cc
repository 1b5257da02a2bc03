// SPDX-License-Identifier: Apache-2.0
#include "story/judgement.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <span>

#include "outcome/causes.h"

namespace imprint::story {

namespace {

using registry::Certificate;
using registry::CertificateStatus;
using trail::Event;
using trail::Outcome;

std::string advice_on_freeze(const std::string& id, const registry::Freeze& freeze) {
  return fmt::format(
      "Its claim is frozen, and none of its devices can register until you decide: {}. If it has "
      "leaked, leave it frozen and make another: imprint claim create DIR --template NAME --out "
      "FOLDER. If not, see its budget (imprint claim show DIR {}), widen it first (imprint claim "
      "set DIR {}), or the next device freezes it again, and then put it back in service (imprint "
      "claim thaw DIR {}).",
      freeze.because, id, id, id);
}

/// The remedy of a cause, with the event's certificate and hook filled in.
std::string remedy_for(Cause cause, const Event& event) {
  if (!cause) return {};
  const bool is_first_connection = event.is("just_in_time_provisioning"_step);
  const std::string_view remedy = is_first_connection && !cause->first_connection_remedy.empty()
                                      ? cause->first_connection_remedy
                                      : cause->remedy;
  const std::string& hook = event.detail_as<trail::HookAnswer>().hook;
  return fmt::format(fmt::runtime(remedy), fmt::arg("certificate", event.record.certificate),
                     fmt::arg("hook", hook.empty() ? "of the template" : quote(hook)));
}

/// By the cause or, without one, by the error code that the device received.
std::string remedy_of_rejection(const Event& event) {
  std::string remedy = remedy_for(event.told.cause, event);
  if (!remedy.empty()) return remedy;
  return remedy_for(outcome::find_cause(event.detail_as<trail::Rejection>().error_code), event);
}

/// Handshakes of earlier versions have no cause: they are about unknown certificates.
std::string remedy_of_denial(const Event& event) {
  const bool is_nameless = event.is("tls_handshake"_step) && !event.told.cause;
  return remedy_for(is_nameless ? "unknown-certificate"_cause : event.told.cause, event);
}

std::string advice_on_rejection(const Event& event) {
  const auto& rejection = event.detail_as<trail::Rejection>();
  if (!rejection.rule.empty() && !event.told.cause) {  // recorded before causes were
    return fmt::format(
        "A rule of the operator's decided: {}. If this unit is one of yours, change the rule.",
        rejection.rule);
  }
  const bool is_first_connection = event.is("just_in_time_provisioning"_step);
  const std::string remedy = remedy_of_rejection(event);
  if (!rejection.rule.empty())
    return fmt::format("A rule of the operator's decided: {}. {}", rejection.rule, remedy);
  std::string_view again = rejection.is_final ? "The same request will be refused again."
                                              : "The same request may succeed later.";
  if (is_first_connection) {
    again = rejection.is_final ? "The next connection will be refused in the same way."
                               : "The next connection tries again by itself.";
  }
  return fmt::format("{} {}", again, remedy);
}

/// Whether a hook refused a registration; a hook in shadow mode never does.
bool is_refusal_of_hook(const Event& event) {
  return event.is("hook"_step) && !event.is_ok() && !event.detail_as<trail::HookAnswer>().is_shadow;
}

std::string advice_on_hook(const Event& event) {
  if (event.outcome == Outcome::denied) return remedy_for("HookDenied"_cause, event);
  if (event.outcome == Outcome::timed_out) return remedy_for("HookTimedOut"_cause, event);
  return remedy_for("HookFailed"_cause, event);
}

Judgement judge_pending(const Certificate& certificate) {
  const std::string id = certificate.id.hex();
  if (!certificate.ca_certificate || certificate.requested_by) {
    return {Standing::waiting,
            "The device has its certificate but has not registered it: it publishes RegisterThing "
            "with its ownership token, over the claim's connection, before the token expires."};
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
  return {Standing::bad, fmt::format("Certificate {} is {}. To put it back in use: aws iot "
                                     "update-certificate --certificate-id {} --new-status ACTIVE.",
                                     id, registry::to_string(certificate.status), id)};
}

bool is_usable(const Certificate& certificate) {
  return certificate.status == CertificateStatus::active;
}

bool is_about_policies(Cause cause) {
  return cause == "NoPolicy"_cause || cause == "PolicyDenies"_cause ||
         cause == "NoStatement"_cause || cause == "VariableWithoutValue"_cause ||
         cause == "ConditionNotMet"_cause;
}

/// A claim's policy is the server's own, unless somebody attached another or took it away.
std::string advice_on_policies(const Event& event) {
  const Cause cause = event.told.cause;
  const bool is_of_claim = event.told.is_of_claim;
  const bool can_be_attached = cause == "NoPolicy"_cause || cause == "PolicyDenies"_cause;
  if (is_of_claim && !can_be_attached) {
    return "A claim may provision through its template and do nothing else: correct the topic in "
           "the firmware, or use the device's own certificate for this.";
  }
  if (cause == "VariableWithoutValue"_cause && !event.record.thing.empty()) {
    return fmt::format(
        "The firmware uses another client id than its policy allows: a variable there has a value "
        "only when the client id is the name of the certificate's thing. Let it connect as {}, or "
        "give the thing what the variable in the sentence requires.",
        quote(event.record.thing));
  }
  if (std::string remedy = remedy_for(cause, event); !remedy.empty()) return remedy;
  return fmt::format(
      "Either the firmware uses another {} than its policy allows, or the policy needs a statement "
      "that allows it: aws iot list-attached-policies --target with the ARN of certificate {}.",
      event.is("connect"_step) ? "client id" : "topic", event.record.certificate);
}

/// Its key stays out when nothing else of the certificate is left (registry::Tombstone).
std::string advice_on_tombstone(const std::string& certificate) {
  return fmt::format(
      "Its certificate {} was REVOKED and then deleted, and its key is refused in any "
      "certificate. If the unit is trusted again: imprint revocation lift DIR {}, then let it "
      "start over with its claim, or register its certificate again. If not, it needs a new key.",
      certificate, certificate);
}

std::string advice_on_denial(const Event& event, const DeviceFacts& facts) {
  if (!facts.certificate && facts.was_revoked) return advice_on_tombstone(event.record.certificate);
  if (!is_about_policies(event.told.cause)) {
    if (std::string remedy = remedy_of_denial(event); !remedy.empty()) return remedy;
  }
  if (!facts.certificate) {
    return "The certificate is not in the registry (any more): a device with a claim starts over "
           "with it; one whose certificate a registered CA signed gets in by itself once what the "
           "sentence names is fixed.";
  }
  return advice_on_policies(event);
}

std::string advice_on_refusal(const Event& event, const DeviceFacts& facts) {
  if (is_refusal_of_hook(event)) return advice_on_hook(event);
  if (event.outcome == Outcome::rejected) return advice_on_rejection(event);
  if (event.outcome == Outcome::lost) {
    return "Let the firmware subscribe to the topics that end in /accepted and /rejected and wait "
           "for SUBACK before it publishes the request; then it sends the request again.";
  }
  if (event.outcome == Outcome::denied) return advice_on_denial(event, facts);
  if (event.is("disconnect"_step)) return remedy_of_denial(event);
  if (event.is("left_unregistered"_step)) {
    return "Let the firmware register before it disconnects: RegisterThing, with the token of the "
           "answer, over the same claim. If it never saw the answer: give its MQTT client a buffer "
           "that the answer fits into (PubSubClient: setBufferSize(4096); others have a similar "
           "setting), subscribe to the topics that end in /accepted and /rejected before the "
           "request, and give each unit a client id of its own.";
  }
  return "The connection broke; the device tries again. If it keeps happening, check the device's "
         "network, keep-alive and power.";
}

bool is_creation(const Event& event) {
  return event.is("create_certificate_from_csr"_step) ||
         event.is("create_keys_and_certificate"_step) || event.is("reopen_certificate"_step);
}

std::string advice_on_alarm(const registry::Alarm& alarm) {
  return fmt::format(
      "The alarm {} is raised for it: {}. {} (imprint alarm list DIR has the details.)", alarm.kind,
      alarm.because, alarm.next);
}

Judgement judge_expired(const Certificate& certificate) {
  return {Standing::bad, fmt::format("Certificate {} has expired: the device needs a new one, by "
                                     "its claim or from its CA.",
                                     certificate.id.hex())};
}

/// The judgement of a denial that depends on the current state of the certificate; nullopt for all
/// other events.
std::optional<Judgement> judge_denied(const Event& event, const DeviceFacts& facts) {
  if (event.outcome != Outcome::denied || event.is("hook"_step) || !facts.certificate)
    return std::nullopt;
  const Certificate& certificate = *facts.certificate;
  if (!is_usable(certificate)) return judge_unusable(certificate);
  if (certificate.not_after < facts.now) return judge_expired(certificate);
  const Cause why = event.told.cause;
  const bool is_too_early =
      why == "CertificateNotYetValid"_cause && facts.now < certificate.not_before;
  const bool was_about_it =
      why == "CertificateOutOfUse"_cause || why == "CertificateDeleted"_cause ||
      why == "CertificateExpired"_cause || why == "CertificateNotYetValid"_cause;
  const bool was_unknown = event.is("tls_handshake"_step) && !event.record.certificate.empty();
  if (is_too_early || !(was_about_it || was_unknown)) return std::nullopt;
  return Judgement{
      Standing::waiting,
      fmt::format("The reason for the refusal is over: certificate {} is "
                  "registered, ACTIVE and valid now. The device gets in with its next connection.",
                  certificate.id.hex())};
}

/// Its last step went well; what has become of its certificate since?
Judgement judge_success(const Event& event, const DeviceFacts& facts) {
  if (event.is("remove_expired_certificate"_step))
    return {Standing::waiting,
            "The device starts over with its claim and registers before its token expires."};
  const auto& certificate = facts.certificate;
  if (!certificate && facts.was_revoked)
    return {Standing::bad, advice_on_tombstone(event.record.certificate)};
  if (!certificate && !event.record.certificate.empty()) {
    return {Standing::bad,
            fmt::format("Its certificate {} is not in the registry any more: a device with a claim "
                        "starts over with it; one whose certificate a registered CA signed gets in "
                        "by itself at its next connection.",
                        event.record.certificate)};
  }
  if (is_creation(event) && certificate && certificate->requested_by &&
      certificate->status == CertificateStatus::pending_activation) {
    return {Standing::waiting,
            "The device has its certificate; RegisterThing comes next: it publishes the token to "
            "$aws/provisioning-templates/NAME/provision/json before the token expires."};
  }
  if (certificate && !is_usable(*certificate)) return judge_unusable(*certificate);
  if (certificate && certificate->not_after < facts.now) return judge_expired(*certificate);
  if (!facts.alarms.empty()) return {Standing::bad, advice_on_alarm(facts.alarms.front())};
  if (event.is("service"_step) && event.detail_as<trail::AbsentService>().is_event) {
    return {
        Standing::good,
        "The client waits for events that this server does not send. Read them where they are: "
        "the audit trail has connects and disconnects (imprint audit export --follow, GET "
        "/imprint/v1/audit-events), GET /imprint/v1/things/NAME/connection who is connected now."};
  }
  if (event.is("service"_step)) {
    return {
        Standing::good,
        "The device uses shadows, jobs, Device Defender or another service that this server does "
        "not have, and gets no answer. Turn it off in the firmware (AWS IoT Device Client: jobs, "
        "device-defender and the shadows in its configuration), or leave it: it does no harm."};
  }
  if (event.is("connect"_step) && event.told.is_of_claim) {
    return {Standing::waiting,
            "The device is connected with its claim and has requested nothing yet: next, it "
            "subscribes to "
            "the answers and publishes to $aws/certificates/create-from-csr/json."};
  }
  if (event.is("register_thing"_step)) {
    return {Standing::good,
            fmt::format("The device is registered{} and connects with its new certificate {} next.",
                        event.record.thing.empty() ? "" : " as " + event.record.thing,
                        event.record.certificate)};
  }
  if (event.is("just_in_time_provisioning"_step))
    return {Standing::good, "The device is provisioned and gets in with its next connection."};
  if (is_creation(event)) return {Standing::good, "The certificate is active."};
  return {Standing::good, "Its last step succeeded."};
}

/// A unit that left without RegisterThing had a reason where its connection was denied something,
/// or could not hear an answer.
const Event* why_left(const Event& event, std::span<const Event> before) {
  for (const Event& earlier : std::ranges::reverse_view(before)) {
    if (earlier.record.correlation != event.record.correlation || !earlier.is_of_device()) continue;
    if (!earlier.is("hook"_step) &&
        (earlier.outcome == Outcome::denied || earlier.outcome == Outcome::lost))
      return &earlier;
  }
  return &event;
}

/// The event behind an answer to the device: an earlier step on the same connection of which the
/// device was not informed.
const Event* cause_of(const Event& event, const std::vector<Event>& story) {
  const bool is_rejection =
      (event.is("register_thing"_step) || event.is("just_in_time_provisioning"_step)) &&
      event.outcome == Outcome::rejected;
  const bool is_introduction = event.is("connect"_step) && event.outcome == Outcome::denied;
  const auto before = std::span(story).first(static_cast<std::size_t>(&event - story.data()));
  if (event.is("left_unregistered"_step)) return why_left(event, before);
  if (!is_rejection && !is_introduction) return &event;
  for (const Event& earlier : std::ranges::reverse_view(before)) {
    if (earlier.record.correlation != event.record.correlation || earlier.is("alarm"_step))
      continue;
    if (is_refusal_of_hook(earlier)) return &earlier;
    if (!is_introduction || !earlier.is("just_in_time_provisioning"_step)) return &event;
    const bool brought_it_about =
        !earlier.is_ok() || event.told.cause == "FirstConnectionDropped"_cause;
    return brought_it_about ? cause_of(earlier, story) : &event;
  }
  return &event;
}

}  // namespace

std::string_view to_string(Standing standing) {
  constexpr std::array<std::string_view, 4> kNames = {"good", "waiting", "bad", "unknown"};
  return kNames.at(static_cast<std::size_t>(standing));
}

bool is_refusal(const Event& event) {
  if (!event.is_of_device() || event.is_ok()) return false;
  return !event.is("hook"_step) || is_refusal_of_hook(event);
}

const Event* decisive_event(const std::vector<Event>& story) {
  // While the journal paused, the outcome of connections was not recorded. A device that is cut
  // repeatedly is then judged by its last recorded outcome, not by the start of its last attempt.
  bool is_open_end = false;
  const Event* begun = nullptr;
  for (const Event& event : std::ranges::reverse_view(story)) {
    if (event.is("journal"_step) && event.outcome == Outcome::paused) is_open_end = true;
    if (!event.is_of_device()) continue;
    if (!is_open_end || !event.is("connect"_step) || !event.is_ok()) return cause_of(event, story);
    if (begun == nullptr) begun = &event;
  }
  return begun;
}

Judgement judge(const std::vector<Event>& story, const DeviceFacts& facts) {
  if (story.empty()) {
    return {Standing::unknown,
            "Nothing is on record under that name. Either the device has not reached this server "
            "(its log shows how far TCP and TLS got; check address, port and the root CA it "
            "trusts), or it goes by another name: search by client id or certificate, or list who "
            "was refused last: imprint explain DIR. A device that came very often in a short time, "
            "or whose claim did, has its latest steps in the server's log only."};
  }
  const Event* event = decisive_event(story);
  if (event == nullptr) {
    if (!facts.alarms.empty()) return {Standing::bad, advice_on_alarm(facts.alarms.front())};
    return {Standing::unknown,
            "The device itself has not connected yet: everything on record was done by others."};
  }
  if (facts.certificate && facts.certificate->frozen) {
    return {Standing::bad,
            advice_on_freeze(facts.certificate->id.hex(), *facts.certificate->frozen)};
  }
  if (!is_refusal(*event)) return judge_success(*event, facts);
  if (auto judgement = judge_denied(*event, facts)) return *std::move(judgement);
  return {Standing::bad, advice_on_refusal(*event, facts)};
}

}  // namespace imprint::story
