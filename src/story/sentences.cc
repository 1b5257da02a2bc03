// SPDX-License-Identifier: Apache-2.0
#include "story/sentences.h"

#include <fmt/ranges.h>
#include <variant>

#include "base/name.h"
#include "story/changes.h"

namespace imprint::story {

namespace {

using trail::Event;
using trail::Outcome;

std::string_view tried(const Event& event) {
  return event.step ? event.step->tried : std::string_view(event.record.step);
}

/// ": because it was so", or nothing.
std::string reason(const std::string& text) { return text.empty() ? "" : ": " + text; }

std::string as_thing(const Event& event) {
  return event.record.thing.empty() ? "" : " as " + event.record.thing;
}

std::string tell_hook(const Event& event) {
  const auto& answer = event.detail_as<trail::HookAnswer>();
  std::string out = fmt::format("pre-provisioning hook {}{}", quote(answer.hook),
                                answer.is_shadow ? " (shadow, decides nothing)" : "");
  if (event.is_ok()) {
    out += answer.is_shadow ? " would have allowed the device" : " allowed the device";
  } else if (event.outcome == Outcome::denied) {
    out += answer.is_shadow ? " would have denied the device" : " denied the device";
  } else {
    out += event.outcome == Outcome::timed_out ? " did not answer in time" : " failed";
  }
  out += fmt::format(" after {} ms", answer.milliseconds) + reason(event.told.because);
  if (!answer.undeclared.empty()) {
    out += fmt::format("; the template does not declare {}, so the hook's overrides are ignored",
                       fmt::join(answer.undeclared, ", "));
  }
  return out;
}

/// "sign in at the dashboard denied with the key AKIA... from 10.0.0.3: ...".
std::string tell_key_use(const Event& event) {
  const auto& use = event.detail_as<trail::KeyUse>();
  return fmt::format("{} {} with the key {} from {}", tried(event),
                     event.is_ok() ? "succeeded" : event.record.outcome, event.record.actor,
                     use.source_ip) +
         reason(event.told.because.empty() ? use.error : event.told.because);
}

std::string tell_failure(const Event& event) {
  std::string out(tried(event));
  if (!event.told.resource.empty()) out += fmt::format(" {}", quote(event.told.resource));
  out += fmt::format(" {}", event.record.outcome);
  const auto& rejection = event.detail_as<trail::Rejection>();
  if (!rejection.error_code.empty())
    out += fmt::format(" with {} {}", rejection.status_code, rejection.error_code);
  const std::string& denial = event.detail_as<trail::OperatorDenied>().reason;
  if (event.told.because.empty() && !denial.empty())
    out += fmt::format(" to {}: {}", event.record.actor, denial);
  out += reason(event.told.because);
  if (!rejection.rule.empty()) out += fmt::format(" (rule: {})", rejection.rule);
  return out;
}

std::string tell_connect(const Event& event) {
  return fmt::format("connected as {} with {} certificate {} from {}", quote(event.record.client),
                     event.told.is_of_claim ? "the claim" : "its own", event.record.certificate,
                     event.told.from);
}

std::string tell_service(const Event& event) {
  return fmt::format(
      "{} {}: {}",
      event.detail_as<trail::AbsentService>().is_event ? "subscribed to" : "published to",
      quote(event.told.resource), event.told.because);
}

std::string tell_issued(const Event& event) {
  const bool had_it =
      event.detail_as<trail::Issued>().is_repeated || event.is("reopen_certificate"_step);
  return fmt::format("got certificate {}{}", event.record.certificate,
                     had_it ? ", the one its key had before" : "");
}

std::string tell_registered(const Event& event) {
  return fmt::format(
      "registered{} with certificate {}{}", as_thing(event), event.record.certificate,
      event.detail_as<trail::Registered>().is_repeated ? " (the same answer as before)" : "");
}

std::string tell_provisioned(const Event& event) {
  return fmt::format("provisioned{} at its first connection, with its own certificate {}",
                     as_thing(event), event.record.certificate);
}

std::string tell_introduced(const Event& event) {
  return fmt::format(
      "its certificate {} was registered and waits for its activation: CA certificate {} "
      "introduced it",
      event.record.certificate, event.detail_as<trail::Introduced>().ca);
}

std::string tell_change(const Event& event) {
  const auto* change = std::get_if<trail::Change>(&event.detail);
  const std::string changes = !event.told.because.empty() || change == nullptr
                                  ? event.told.because
                                  : changes_in_words(*change);
  return fmt::format("{} by {}", event.record.step,
                     event.record.actor.empty() ? "the server" : event.record.actor) +
         reason(changes);
}

}  // namespace

std::string sentence_of(const Event& event) {
  const std::string& certificate = event.record.certificate;
  if (event.is("hook"_step)) return tell_hook(event);
  if (event.is("sign_in"_step) || event.is("authenticate"_step)) return tell_key_use(event);
  if (!event.is_ok()) return tell_failure(event);
  if (event.is("connect"_step)) return tell_connect(event);
  if (event.is("disconnect"_step)) return "disconnected";
  if (event.is("service"_step)) return tell_service(event);
  if (event.is("create_keys_and_certificate"_step) ||
      event.is("create_certificate_from_csr"_step) || event.is("reopen_certificate"_step))
    return tell_issued(event);
  if (event.is("register_thing"_step)) return tell_registered(event);
  if (event.is("just_in_time_provisioning"_step)) return tell_provisioned(event);
  if (event.is("just_in_time_registration"_step)) return tell_introduced(event);
  if (event.is("remove_waiting_certificate"_step))
    return fmt::format("certificate {} was removed{}", certificate, reason(event.told.because));
  if (event.is("retire_certificate"_step))
    return fmt::format("its old certificate {} was deactivated", certificate);
  if (event.is("remove_expired_certificate"_step)) {
    return fmt::format("certificate {} was removed: no device registered it in time", certificate);
  }
  return tell_change(event);
}

}  // namespace imprint::story
