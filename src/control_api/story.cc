// SPDX-License-Identifier: Apache-2.0
#include "control_api/story.h"

#include <algorithm>
#include <array>

#include "audit/event_json.h"
#include "control_api/event_detail.h"

namespace imprint::control_api {

namespace {

namespace json = encoding::json;
using registry::AuditEvent;

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
    StepName{"service", "use a service that is not here"},
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
    StepName{"left_unregistered", "left without RegisterThing"},
    StepName{"journal", "record"},
    StepName{"sign_in", "sign in at the dashboard"},
    StepName{"authenticate", "request to the REST API"},
};

std::string_view tried(const AuditEvent& event) {
  const auto it = std::ranges::find(kSteps, event.step, &StepName::step);
  return it == kSteps.end() ? std::string_view(event.step) : it->tried;
}

std::string sentence_of_hook(const AuditEvent& event, const EventDetail& detail) {
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

/// "sign in at the dashboard denied with the key AKIA... from 10.0.0.3: ...".
std::string sentence_of_key_use(const AuditEvent& event, const EventDetail& detail) {
  std::string out = fmt::format("{} {} with the key {} from {}", tried(event),
                                event.outcome == "ok" ? "succeeded" : event.outcome, event.actor,
                                detail.text("source_ip"));
  for (const char* member : {"because", "error"}) {
    if (const std::string reason = detail.text(member); !reason.empty()) return out + ": " + reason;
  }
  return out;
}

}  // namespace

bool is_of_claim(const AuditEvent& event) { return EventDetail(event).flag("claim"); }

json::object write_event(const AuditEvent& event) {
  json::object out = audit::event_json(event);
  out["sentence"] = sentence_of(event);
  return out;
}

std::string sentence_of(const AuditEvent& event) {
  const EventDetail detail(event);
  const std::string because = detail.text("because");
  const std::string resource = detail.text("resource");
  if (event.step == "hook") return sentence_of_hook(event, detail);
  if (event.step == "sign_in" || event.step == "authenticate")
    return sentence_of_key_use(event, detail);
  if (event.outcome != "ok") {
    std::string out(tried(event));
    if (!resource.empty()) out += fmt::format(" {}", quote(resource));
    out += fmt::format(" {}", event.outcome);
    if (!detail.text("errorCode").empty())
      out += fmt::format(" with {} {}", detail.number("statusCode"), detail.text("errorCode"));
    // An operator's request, that his key does not allow.
    if (event.outcome == "denied" && because.empty() && !detail.text("reason").empty())
      out += fmt::format(" to {}: {}", event.actor, detail.text("reason"));
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
  if (event.step == "service") {
    return fmt::format("{} {}: {}", detail.flag("event") ? "subscribed to" : "published to",
                       quote(resource), because);
  }
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

}  // namespace imprint::control_api
