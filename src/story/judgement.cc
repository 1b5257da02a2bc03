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

std::string_view remedy_at(Cause cause, bool is_first_connection) {
  if (!cause) return {};
  const bool has_own = is_first_connection && !cause->first_connection_remedy.empty();
  return has_own ? cause->first_connection_remedy : cause->remedy;
}

/// By its cause, or for want of one by the code that the device saw.
std::string_view remedy_of_rejection(const Event& event, bool is_first_connection) {
  const std::string_view remedy = remedy_at(event.told.cause, is_first_connection);
  if (!remedy.empty()) return remedy;
  const std::string& error_code = event.detail_as<trail::Rejection>().error_code;
  return remedy_at(outcome::find_cause(error_code), is_first_connection);
}

/// Handshakes of earlier versions have no cause: they are about unknown certificates.
std::string_view remedy_of_denial(const Event& event) {
  if (event.is("tls_handshake"_step) && !event.told.cause)
    return "unknown-certificate"_cause->remedy;
  return remedy_at(event.told.cause, false);
}

std::string advice_on_rejection(const Event& event) {
  const auto& rejection = event.detail_as<trail::Rejection>();
  if (!rejection.rule.empty() && !event.told.cause) {  // recorded before causes were
    return fmt::format("A rule of the operator's decided: {}. If this unit belongs in, change it.",
                       rejection.rule);
  }
  const bool is_first_connection = event.is("just_in_time_provisioning"_step);
  const std::string_view remedy = remedy_of_rejection(event, is_first_connection);
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

/// A hook that stopped a registration; one in shadow only says what it would have done.
bool is_refusal_of_hook(const Event& event) {
  return event.is("hook"_step) && !event.is_ok() && !event.detail_as<trail::HookAnswer>().is_shadow;
}

std::string advice_on_hook(const Event& event) {
  const std::string arn = event.detail_as<trail::HookAnswer>().hook;
  if (event.outcome == Outcome::denied) {
    return fmt::format(
        "The hook {} denied the device; that is final. If this unit belongs in, correct what the "
        "hook looks at (its list of serial numbers, its limit), then let the device try again.",
        quote(arn));
  }
  if (event.outcome == Outcome::timed_out) {
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

/// By what of its policies decided; nothing where it has no bearing.
std::string advice_on_policies(const Event& event, Cause why) {
  const std::string& id = event.record.certificate;
  if (why == "NoPolicy"_cause) {
    return fmt::format(
        "No policy is attached to the certificate, so that nothing is allowed: aws iot "
        "attach-policy --policy-name NAME --target with the ARN of certificate {} (aws iot "
        "list-policies names those that there are).",
        id);
  }
  if (why == "PolicyDenies"_cause) {
    return fmt::format(
        "A Deny decides, and no Allow opens what it closes. If the device may do this, change the "
        "policy that the sentence names, or detach it from certificate {} or from the group of its "
        "thing that carries it; another client id or topic may be outside of the Deny.",
        id);
  }
  if (event.told.is_of_claim) return {};
  if (why == "VariableWithoutValue"_cause && !event.record.thing.empty()) {
    return fmt::format(
        "The firmware uses another client id than its policy allows: a variable there has a value "
        "only when the client id is the name of the certificate's thing. Let it connect as {}, or "
        "give the thing what the variable in the sentence asks for.",
        quote(event.record.thing));
  }
  if (why == "VariableWithoutValue"_cause) {
    return fmt::format(
        "A variable in its policy has no value for this connection, so that the statement counts "
        "for nothing: the certificate is attached to no thing. aws iot attach-thing-principal "
        "--thing-name NAME --principal with the ARN of certificate {}.",
        id);
  }
  if (why == "ConditionNotMet"_cause) {
    return fmt::format(
        "A condition in its policy does not hold for this connection. If the device may do this, "
        "change what the condition in the sentence asks for: aws iot list-attached-policies "
        "--target with the ARN of certificate {}.",
        id);
  }
  return {};
}

/// Its key stays out when nothing else of the certificate is left (registry::Tombstone).
std::string advice_on_tombstone(const std::string& certificate) {
  return fmt::format(
      "Its certificate {} was REVOKED and then deleted, and its key stays out, whatever is "
      "registered with it. If the unit is trusted again: imprint revocation lift DIR {}, then it "
      "begins again with its claim, or its certificate is registered again. If not, it needs a new "
      "key.",
      certificate, certificate);
}

std::string advice_on_denial(const Event& event, const DeviceFacts& facts) {
  if (!facts.certificate && facts.was_revoked) return advice_on_tombstone(event.record.certificate);
  if (const std::string_view remedy = remedy_of_denial(event); !remedy.empty())
    return std::string(remedy);
  if (!facts.certificate) {
    return "The certificate is not in the registry, or not any more: a device with a claim begins "
           "again with it; one whose certificate a registered CA signed comes in by itself once "
           "what the sentence names is mended.";
  }
  if (std::string advice = advice_on_policies(event, event.told.cause); !advice.empty())
    return advice;
  if (event.told.is_of_claim) {
    return "A claim may provision through its template and do nothing else: correct the topic in "
           "the firmware, or use the device's own certificate for this.";
  }
  return fmt::format(
      "Either the firmware uses another {} than its policy allows, or the policy needs a statement "
      "that allows it: aws iot list-attached-policies --target with the ARN of certificate {}.",
      event.is("connect"_step) ? "client id" : "topic", event.record.certificate);
}

std::string advice_on_refusal(const Event& event, const DeviceFacts& facts) {
  if (is_refusal_of_hook(event)) return advice_on_hook(event);
  if (event.outcome == Outcome::rejected) return advice_on_rejection(event);
  if (event.outcome == Outcome::lost) {
    return "The firmware subscribes to the topics that end in /accepted and /rejected, and waits "
           "for SUBACK, before it publishes the request; then it asks again.";
  }
  if (event.outcome == Outcome::denied) return advice_on_denial(event, facts);
  if (event.is("disconnect"_step)) return std::string(remedy_of_denial(event));
  if (event.is("left_unregistered"_step)) {
    return "Let the firmware register before it disconnects: RegisterThing, with the token of the "
           "answer, over the same claim. If it never saw the answer: give its MQTT client a buffer "
           "that the answer fits into (PubSubClient: setBufferSize(4096); others have a setting "
           "like it), subscribe to the topics that end in /accepted and /rejected before the "
           "request, and give each unit a client id of its own.";
  }
  return "The connection broke; the device tries again. If it goes on: network, keep-alive and "
         "power of the device.";
}

bool is_creation(const Event& event) {
  return event.is("create_certificate_from_csr"_step) ||
         event.is("create_keys_and_certificate"_step) || event.is("reopen_certificate"_step);
}

std::string advice_on_alarm(const registry::Alarm& alarm) {
  return fmt::format("The alarm {} is raised for it: {}. {} (imprint alarm list DIR has it all.)",
                     alarm.kind, alarm.because, alarm.next);
}

Judgement judge_expired(const Certificate& certificate) {
  return {Standing::bad, fmt::format("Certificate {} has expired: the device needs a new one, by "
                                     "its claim or from its CA.",
                                     certificate.id.hex())};
}

/// A denial that the state of the certificate decides, as it is now; nothing for all others.
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
  return Judgement{Standing::waiting,
                   fmt::format("What it was refused for is over: certificate {} is registered, "
                               "ACTIVE and valid now. The device gets in with its next connection.",
                               certificate.id.hex())};
}

/// Its last step went well; what has become of its certificate since?
Judgement judge_success(const Event& event, const DeviceFacts& facts) {
  if (event.is("remove_expired_certificate"_step))
    return {Standing::waiting,
            "The device begins again with its claim and registers within the "
            "hour."};
  const auto& certificate = facts.certificate;
  if (!certificate && facts.was_revoked)
    return {Standing::bad, advice_on_tombstone(event.record.certificate)};
  if (!certificate && !event.record.certificate.empty()) {
    return {Standing::bad,
            fmt::format("Its certificate {} is not in the registry any more: a device with a claim "
                        "begins again with it; one whose certificate a registered CA signed comes "
                        "in by itself at its next connection.",
                        event.record.certificate)};
  }
  if (is_creation(event) && certificate && certificate->requested_by &&
      certificate->status == CertificateStatus::pending_activation) {
    return {Standing::waiting,
            "The device has its certificate and goes on with RegisterThing: it publishes the token "
            "to $aws/provisioning-templates/NAME/provision/json within the hour."};
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
    return {
        Standing::waiting,
        "The device is connected with its claim and has asked for nothing yet: it subscribes to "
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
  return {Standing::good, "The last thing it did went well."};
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

/// Of what a device was told, what was behind it: the step before on the same connection that the
/// device heard nothing of.
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
  // Where the journal paused, what came of the last connections is not on record: a device that is
  // cut again and again is judged by what is known of it, not by how its last try began.
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
            "(its log shows how far TCP and TLS came; check address, port and the root CA it "
            "trusts), or it goes by another name: search by client id or certificate, or list who "
            "was refused last: imprint explain DIR. A device that came very often in a short time, "
            "or whose claim did, has its latest steps in the server's log only."};
  }
  const Event* event = decisive_event(story);
  if (event == nullptr) {
    if (!facts.alarms.empty()) return {Standing::bad, advice_on_alarm(facts.alarms.front())};
    return {Standing::unknown,
            "The device itself has not come yet: all that is on record was done by others."};
  }
  if (facts.certificate && facts.certificate->frozen)
    return {Standing::bad, advice_on_freeze(*facts.certificate)};
  if (!is_refusal(*event)) return judge_success(*event, facts);
  if (auto judgement = judge_denied(*event, facts)) return *std::move(judgement);
  return {Standing::bad, advice_on_refusal(*event, facts)};
}

}  // namespace imprint::story
