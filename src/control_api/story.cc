// SPDX-License-Identifier: Apache-2.0
#include "control_api/story.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <span>

#include "audit/event_json.h"
#include "control_api/record_changes.h"

namespace imprint::control_api {

namespace {

namespace json = encoding::json;
using registry::AuditEvent;
using registry::Certificate;
using registry::CertificateStatus;

/// An event's detail, which this program wrote; an unreadable one reads as empty.
class Detail {
 public:
  explicit Detail(const AuditEvent& event) {
    auto parsed = encoding::parse_json(event.detail);
    if (parsed && parsed->is_object()) object_ = std::move(parsed->get_object());
  }
  [[nodiscard]] std::string text(std::string_view member) const {
    const json::value* value = object_.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  }
  [[nodiscard]] bool flag(std::string_view member) const {
    const json::value* value = object_.if_contains(member);
    return value != nullptr && value->is_bool() && value->get_bool();
  }
  [[nodiscard]] std::string changes() const { return changes_in_words(object_); }
  [[nodiscard]] std::string number(std::string_view member) const {
    const json::value* value = object_.if_contains(member);
    return value == nullptr ? "" : encoding::to_json(*value);
  }

 private:
  json::object object_;
};

/// What a step is called when it is tried.
struct StepName {
  std::string_view step;
  std::string_view tried;
};
constexpr std::array kSteps = {
    StepName{"tls_handshake", "TLS handshake"},
    StepName{"connect", "connect"},
    StepName{"publish", "publish"},
    StepName{"subscribe", "subscribe"},
    StepName{"receive", "receive"},
    StepName{"disconnect", "connection ended"},
    StepName{"answer", "answer on"},
    StepName{"create_keys_and_certificate", "ask for keys and a certificate"},
    StepName{"create_certificate_from_csr", "ask for a certificate with a key of its own"},
    StepName{"hook", "pre-provisioning hook"},
    StepName{"register_thing", "RegisterThing"},
    StepName{"reopen_certificate", "ask again for the certificate of the same key"},
    StepName{"just_in_time_provisioning", "just-in-time provisioning"},
    StepName{"just_in_time_registration", "just-in-time registration"},
    StepName{"remove_waiting_certificate", "certificate removed"},
    StepName{"alarm", "alarm"},
    StepName{"retire_certificate", "old certificate deactivated"},
    StepName{"remove_expired_certificate", "certificate removed"},
    StepName{"certificate_never_arrived", "certificate never stored"},
    StepName{"journal", "record"},
};

std::string_view tried(const AuditEvent& event) {
  const auto it = std::ranges::find(kSteps, event.step, &StepName::step);
  return it == kSteps.end() ? std::string_view(event.step) : it->tried;
}

/// What to do about a rejected provisioning request; beside it stands what the answer said.
struct Remedy {
  std::string_view code;
  std::string_view text;
};
constexpr std::array kRemedies = {
    Remedy{"InvalidParameters",
           "Send the parameters that the template asks for, as texts; `imprint template try` shows "
           "what a template makes of them."},
    Remedy{"InvalidCertificateOwnershipToken",
           "Begin again with a create request and register with the token of its answer, within "
           "the hour, over a connection of the same claim."},
    Remedy{"InvalidCsr",
           "Make a new key (P-256, P-384, P-521 or RSA with 2048, 3072 or 4096 bits) and a PKCS#10 "
           "request in PEM that it signs itself."},
    Remedy{"InvalidPayload", "Correct what the firmware sends; the sentence names the member."},
    Remedy{"ResourceNotFound",
           "Create the provisioning template, or correct its name in the topic that the firmware "
           "publishes to."},
    Remedy{"TemplateDisabled",
           "Enable it: aws iot update-provisioning-template --template-name NAME --enabled."},
    Remedy{"ResourceConflicts",
           "If this unit may take the name over, permit it once (imprint reprovision allow DIR "
           "THING) or change the template's `reprovision`; if not, two units have one serial "
           "number."},
    Remedy{"ResourceRegistrationFailure",
           "Create the thing type, thing group or policy that the template names, then let the "
           "device try again."},
    Remedy{"AccessDenied",
           "Give the device a claim that may do this: imprint claim create DIR --template NAME "
           "--out FOLDER."},
    Remedy{"Throttled", "Let the device try again in a moment."},
    Remedy{"ServiceUnavailable",
           "Let the device try again; if it goes on, `imprint doctor` looks at the server."},
    Remedy{"InternalError",
           "The server's log has the cause under the same correlation id; let the device try "
           "again."},
};

std::string advice_on_freeze(const Certificate& claim) {
  const std::string id = claim.id.hex();
  return fmt::format(
      "Its claim is frozen, and none of its devices can register until you decide: {}. If it has "
      "leaked, leave it so and make another: imprint claim create DIR --template NAME --out "
      "FOLDER. "
      "If not, see its budget (imprint claim show DIR {}), widen it (imprint claim set DIR {}) and "
      "put it back in service (imprint claim thaw DIR {}).",
      claim.frozen->because, id, id, id);
}

std::string advice_on_rejection(const AuditEvent& event) {
  const Detail detail(event);
  if (const std::string rule = detail.text("rule"); !rule.empty()) {
    const bool is_of_list = rule.find("setting allowlist") != std::string::npos;
    return fmt::format(
        "A rule of the operator's decided: {}. If this unit belongs in, {}change the rule (in the "
        "template's settings, or with imprint template set DIR NAME KEY=VALUE); then the same "
        "request succeeds. If not, something is wrong with what the unit says of itself.",
        rule, is_of_list ? "put it on the list (imprint list set DIR LIST SERIAL), or " : "");
  }
  const auto it = std::ranges::find(kRemedies, detail.text("errorCode"), &Remedy::code);
  return fmt::format("{} {}",
                     detail.flag("final") ? "The same request will be refused again."
                                          : "The same request may succeed later.",
                     it == kRemedies.end() ? "" : it->text);
}

/// A hook that stopped a registration; one in shadow only says what it would have done.
bool is_refusal_of_hook(const AuditEvent& event) {
  return event.step == "hook" && event.outcome != "ok" && !Detail(event).flag("shadow");
}

std::string advice_on_hook(const AuditEvent& event) {
  const std::string arn = Detail(event).text("hook");
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

std::string advice_on_status(const Certificate& certificate) {
  const std::string id = certificate.id.hex();
  switch (certificate.status) {
    case CertificateStatus::pending_activation:
      if (certificate.ca_certificate && !certificate.requested_by) {
        return fmt::format(
            "Certificate {} waits for its activation. Activate it (aws iot update-certificate "
            "--certificate-id {} --new-status ACTIVE) and attach a policy; or give its CA "
            "certificate {} a registration config, and the device provisions itself at its next "
            "connection.",
            id, id, certificate.ca_certificate->hex());
      }
      return "The device has its certificate but has not registered it: it publishes RegisterThing "
             "with its ownership token, over the claim's connection, within the hour.";
    case CertificateStatus::revoked:
      return fmt::format(
          "Certificate {} is REVOKED for good: the device needs a new key, by its claim or from "
          "its "
          "CA. Leave it REVOKED: deleted, its device could be registered anew.",
          id);
    case CertificateStatus::active:
      return "";
    default:
      return fmt::format(
          "Certificate {} is {}. If that is not meant so: aws iot update-certificate "
          "--certificate-id {} --new-status ACTIVE.",
          id, registry::to_string(certificate.status), id);
  }
}

std::string advice_on_denial(const AuditEvent& event,
                             const std::optional<Certificate>& certificate) {
  if (event.step == "tls_handshake") {
    return "The device shows a certificate that is not registered here, and no CA certificate "
           "that may introduce it: mend what the sentence names, register the certificate (aws iot "
           "register-certificate-without-ca) or its CA (imprint ca register), or let the device "
           "begin again with its claim.";
  }
  if (certificate && certificate->status != CertificateStatus::active)
    return advice_on_status(*certificate);
  if (!certificate) {
    return "The certificate is not in the registry, or not any more: a device with a claim begins "
           "again with it; one whose certificate a registered CA signed comes in by itself once "
           "what the sentence names is mended.";
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

std::string advice_on_success(const AuditEvent& event,
                              const std::optional<Certificate>& certificate) {
  if (event.step == "create_certificate_from_csr" || event.step == "create_keys_and_certificate" ||
      event.step == "reopen_certificate") {
    if (certificate && certificate->status == CertificateStatus::active &&
        !certificate->requested_by)
      return "Nothing: the certificate is active.";
    if (certificate && !certificate->requested_by) return advice_on_status(*certificate);
    return "The device has its certificate and goes on with RegisterThing: it publishes the token "
           "to $aws/provisioning-templates/NAME/provision/json within the hour.";
  }
  if (event.step == "connect" && is_of_claim(event)) {
    return "The device is connected with its claim and has asked for nothing yet: it subscribes to "
           "the answers and publishes to $aws/certificates/create-from-csr/json.";
  }
  if (certificate && certificate->status != CertificateStatus::active)
    return advice_on_status(*certificate);
  if (event.step == "register_thing") {
    return fmt::format(
        "Nothing here: the device is registered{} and connects with its new "
        "certificate {} next.",
        event.thing.empty() ? "" : " as " + event.thing, event.certificate);
  }
  return "Nothing: the last thing it did went well.";
}

std::string sentence_of_hook(const AuditEvent& event, const Detail& detail) {
  const bool shadow = detail.flag("shadow");
  std::string out = fmt::format("pre-provisioning hook {}{}", quote(detail.text("hook")),
                                shadow ? " (shadow, decides nothing)" : "");
  if (event.outcome == "ok") {
    out += shadow ? " would have allowed the device" : " allowed the device";
  } else if (event.outcome == "denied") {
    out += shadow ? " would have denied the device" : " denied the device";
  } else {
    out += event.outcome == "timed_out" ? " did not answer in time" : " failed";
  }
  out += fmt::format(" after {} ms", detail.number("milliseconds"));
  if (!detail.text("because").empty()) out += ": " + detail.text("because");
  const std::string ignored = detail.number("undeclared");
  if (!ignored.empty())
    out += fmt::format("; its overrides of {} are ignored, the template declares none", ignored);
  return out;
}

}  // namespace

bool is_of_claim(const AuditEvent& event) { return Detail(event).flag("claim"); }

json::object write_event(const AuditEvent& event) {
  json::object out = audit::event_json(event);
  out["sentence"] = sentence_of(event);
  return out;
}

std::string sentence_of(const AuditEvent& event) {
  const Detail detail(event);
  const std::string because = detail.text("because");
  const std::string resource = detail.text("resource");
  if (event.step == "hook") return sentence_of_hook(event, detail);
  if (event.outcome != "ok") {
    std::string out(tried(event));
    if (!resource.empty()) out += fmt::format(" {}", quote(resource));
    out += fmt::format(" {}", event.outcome);
    if (!detail.text("errorCode").empty())
      out += fmt::format(" with {} {}", detail.number("statusCode"), detail.text("errorCode"));
    if (!because.empty()) out += ": " + because;
    if (!detail.text("rule").empty()) out += fmt::format(" (rule: {})", detail.text("rule"));
    return out;
  }
  if (event.step == "connect") {
    return fmt::format("connected as {} with {} certificate {} from {}", quote(event.client),
                       is_of_claim(event) ? "the claim" : "its own", event.certificate,
                       detail.text("from"));
  }
  if (event.step == "disconnect") return "disconnected";
  if (event.step == "create_keys_and_certificate" || event.step == "create_certificate_from_csr" ||
      event.step == "reopen_certificate") {
    return fmt::format("got certificate {}{}", event.certificate,
                       detail.flag("repeated") || event.step == "reopen_certificate"
                           ? ", the one its key had before"
                           : "");
  }
  if (event.step == "register_thing") {
    return fmt::format("registered{} with certificate {}{}",
                       event.thing.empty() ? "" : " as " + event.thing, event.certificate,
                       detail.flag("repeated") ? " (the same answer as before)" : "");
  }
  if (event.step == "just_in_time_provisioning") {
    return fmt::format("provisioned{} at its first connection, with its own certificate {}",
                       event.thing.empty() ? "" : " as " + event.thing, event.certificate);
  }
  if (event.step == "just_in_time_registration") {
    return fmt::format(
        "its certificate {} was registered and waits for its activation: CA certificate {} "
        "introduced it",
        event.certificate, detail.text("ca"));
  }
  if (event.step == "remove_waiting_certificate")
    return fmt::format("certificate {} was removed: {}", event.certificate, because);
  if (event.step == "retire_certificate")
    return fmt::format("its old certificate {} was deactivated", event.certificate);
  if (event.step == "remove_expired_certificate") {
    return fmt::format("certificate {} was removed: nobody registered it within its hour",
                       event.certificate);
  }
  const std::string changes = because.empty() ? detail.changes() : because;
  return fmt::format("{} by {}{}{}", event.step, event.actor.empty() ? "the server" : event.actor,
                     changes.empty() ? "" : ": ", changes);
}

namespace {

/// Of a rejection that a hook brought about, the hook's own step: the device was told nothing of
/// it.
const AuditEvent* cause_of(const AuditEvent& event, const std::vector<AuditEvent>& story) {
  if (event.step != "register_thing" || event.outcome != "rejected") return &event;
  const auto before = std::span(story).first(static_cast<std::size_t>(&event - story.data()));
  for (const AuditEvent& earlier : std::ranges::reverse_view(before)) {
    if (earlier.correlation != event.correlation || earlier.step == "alarm") continue;
    // The step before it on the same connection.
    return is_refusal_of_hook(earlier) ? &earlier : &event;
  }
  return &event;
}

}  // namespace

const AuditEvent* decisive_event(const std::vector<AuditEvent>& story) {
  for (const AuditEvent& event : std::ranges::reverse_view(story)) {
    // An alarm stands beside the step that raised it.
    if (event.step == "journal" || event.step == "disconnect" || event.step == "alarm") continue;
    return cause_of(event, story);
  }
  return story.empty() ? nullptr : &story.back();
}

std::string what_next(const std::vector<AuditEvent>& story,
                      const std::optional<Certificate>& certificate) {
  const AuditEvent* event = decisive_event(story);
  if (event == nullptr) {
    return "Nothing is on record under that name. Either the device has not reached this server "
           "(its log shows how far TCP and TLS came; check address, port and the root CA it "
           "trusts), or it goes by another name: search by client id or certificate. A device that "
           "came very often in a short time, or whose claim did, has its latest steps in the "
           "server's "
           "log only.";
  }
  if (certificate && certificate->frozen) return advice_on_freeze(*certificate);
  if (is_refusal_of_hook(*event)) return advice_on_hook(*event);
  if (event->step == "alarm") return "Look into what the alarm names before anything else.";
  if (event->outcome == "rejected") return advice_on_rejection(*event);
  if (event->outcome == "lost") {
    return "The firmware subscribes to the topics that end in /accepted and /rejected, and waits "
           "for "
           "SUBACK, before it publishes the request; then it asks again.";
  }
  if (event->outcome == "denied") return advice_on_denial(*event, certificate);
  if (event->step == "remove_expired_certificate")
    return "The device begins again with its claim and registers within the hour.";
  if (event->outcome != "ok")
    return "The connection broke; the device tries again. If it goes on: network, keep-alive and "
           "power of the device.";
  return advice_on_success(*event, certificate);
}

}  // namespace imprint::control_api
