// SPDX-License-Identifier: Apache-2.0
#include "server/request_record.h"

#include <fmt/ranges.h>

#include "outcome/causes.h"
#include "server/services.h"
#include "trail/event.h"

namespace imprint::server {

namespace {

using trail::Outcome;

/// Sample code gives all devices one client id, so the serial number distinguishes them.
Payer payer_of(const RequestRecord& record) {
  const auto& [requester, answer, took] = record;
  if (answer.serial_number.empty()) return requester.payer;
  return {requester.payer.name + "/" + answer.serial_number, requester.certificate};
}

/// The common fields of a request's event. `certificate` is the one that made the request or the
/// one that resulted from it.
registry::AuditEvent about_request(const RequestRecord& record, std::string certificate) {
  const auto& [requester, answer, took] = record;
  return {.actor = requester.certificate,
          .correlation = requester.correlation,
          .thing = answer.thing,
          .certificate = std::move(certificate),
          .client = requester.client,
          .serial_number = answer.serial_number};
}

/// For a device that was registered, the commit that registered it has already recorded the hook's
/// decision.
void record_hook(Services& s, const RequestRecord& record,
                 const provisioning::HookDecision& asked) {
  const auto& [requester, answer, took] = record;
  const std::string_view outcome = hooks::to_string(asked.verdict.outcome);
  s.metrics.hook_called(answer.template_name, asked.verdict.outcome, asked.shadow, asked.seconds);
  if (!asked.undeclared.empty()) {
    s.log.debug("a hook overrides parameters that the template does not declare; they are ignored",
                {{"hook", asked.arn},
                 {"template", answer.template_name},
                 {"parameters", fmt::format("{}", fmt::join(asked.undeclared, ", "))}});
  }
  if (asked.verdict.outcome != hooks::Outcome::allowed) {
    s.log.warning("a pre-provisioning hook did not allow a device",
                  {{"hook", asked.arn},
                   {"template", answer.template_name},
                   {"client", requester.client},
                   {"outcome", outcome},
                   {"shadow", asked.shadow ? "yes" : "no"},
                   {"because", asked.verdict.because}});
  }
  if (!answer.rejection) return;
  s.journal.note(
      payer_of(record),
      provisioning::hook_event(asked, answer.template_name,
                               about_request(record, requester.certificate), requester.is_claim));
}

/// The first request was recorded in its own commit.
void note_repeat(Journal& journal, const RequestRecord& record) {
  const auto& [requester, answer, took] = record;
  const bool is_registration = answer.operation == device_api::Operation::register_thing;
  const trail::Detail detail = is_registration
                                   ? trail::Detail(trail::Registered{.is_repeated = true})
                                   : trail::Detail(trail::Issued{.is_repeated = true});
  journal.note(requester.payer,
               trail::record(about_request(record, answer.certificate),
                             device_api::step_of(answer.operation), Outcome::ok, {}, detail));
}

void record_rejection(Services& s, const RequestRecord& record,
                      const device_api::Rejection& rejection) {
  const auto& [requester, answer, took] = record;
  const Error& error = rejection.error;
  const outcome::FailureCategory category = outcome::cause_of(error)->category;
  s.journal.note(payer_of(record),
                 trail::record(about_request(record, requester.certificate),
                               device_api::step_of(answer.operation), Outcome::rejected,
                               {.is_of_claim = requester.is_claim,
                                .from = requester.address,
                                .because = rejection.message,
                                .cause = error.cause,
                                .category = category},
                               trail::Rejection{.template_name = answer.template_name,
                                                .status_code = rejection.status_code,
                                                .error_code = rejection.error_code,
                                                .is_final = !rejection.may_retry,
                                                .rule = error.rule}));
  s.metrics.provisioning_failed(answer.template_name, device_api::method_of(answer.operation),
                                category, took.count());
  s.log.warning("provisioning request rejected", {{"step", device_api::to_string(answer.operation)},
                                                  {"template", answer.template_name},
                                                  {"client", requester.client},
                                                  {"claim", requester.certificate},
                                                  {"code", rejection.error_code},
                                                  {"because", describe(error)}});
}

}  // namespace

void record_request(Services& s, const RequestRecord& record) {
  const auto& [requester, answer, took] = record;
  const std::string_view method = device_api::method_of(answer.operation);
  if (const auto& asked = answer.hook) record_hook(s, record, *asked);
  if (const auto& rejection = answer.rejection) return record_rejection(s, record, *rejection);
  const bool is_registration = answer.operation == device_api::Operation::register_thing;
  if (answer.repeated) {
    note_repeat(s.journal, record);
    s.metrics.provisioning_repeated(answer.template_name, method);
  } else {
    s.metrics.provisioning_succeeded(answer.template_name, method, took.count());
    if (is_registration) s.metrics.claim_used(requester.certificate);
  }
  s.log.debug("provisioning request accepted", {{"step", device_api::to_string(answer.operation)},
                                                {"client", requester.client},
                                                {"thing", answer.thing},
                                                {"certificate", answer.certificate},
                                                {"repeated", answer.repeated ? "yes" : "no"}});
}

void record_failed_first_connection(Services& services, const Requester& requester,
                                    std::string_view template_name, const Error& error,
                                    std::chrono::duration<double> took) {
  const device_api::Rejection rejection =
      device_api::rejection_of(device_api::Operation::register_thing, error);
  const outcome::FailureCategory category = outcome::cause_of(error)->category;
  services.metrics.provisioning_failed(template_name, "jitp", category, took.count());
  services.log.warning("just-in-time provisioning failed",
                       {{"template", template_name},
                        telemetry::pays({"from", requester.address}),
                        {"certificate", requester.certificate},
                        {"client", requester.client},
                        {"because", describe(error)}});
  services.journal.note(
      requester.payer,
      trail::record({.actor = requester.certificate,
                     .correlation = requester.correlation,
                     .certificate = requester.certificate,
                     .client = requester.client},
                    "just_in_time_provisioning"_step, trail::Outcome::rejected,
                    {.because = describe(error), .cause = error.cause, .category = category},
                    trail::Rejection{.template_name = std::string(template_name),
                                     .status_code = rejection.status_code,
                                     .error_code = rejection.error_code,
                                     .is_final = !rejection.may_retry,
                                     .rule = error.rule}));
}

}  // namespace imprint::server
