// SPDX-License-Identifier: Apache-2.0
#include "hooks/verdict.h"

#include <algorithm>
#include <array>

#include "base/name.h"

namespace imprint::hooks {

namespace json = encoding::json;

namespace {

/// Lambda's own error types: the function was not run, or did not complete.
constexpr std::array<std::string_view, 4> kPlatformErrors = {"Runtime.", "Sandbox.", "Function.",
                                                             "Extension."};

constexpr encoding::Limits kLimits{.max_bytes = kMaxAnswerBytes, .max_depth = kMaxAnswerDepth};

std::string text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// Some emulators pass the error object on as if the function had returned it.
bool is_function_error(const json::value& answer) {
  if (!answer.is_object()) return false;
  const json::object& object = answer.get_object();
  return object.contains("errorType") && object.contains("errorMessage") &&
         !object.contains("allowProvisioning");
}

Reply function_error(const json::object& account) {
  const std::string type = text_of(account, "errorType");
  const std::string message = text_of(account, "errorMessage");
  const bool is_platform =
      type.empty() || std::ranges::any_of(kPlatformErrors, [&](std::string_view prefix) {
        return type.starts_with(prefix);
      });
  return {.kind = is_platform ? Reply::Kind::failed : Reply::Kind::threw,
          .because = fmt::format("the function {} {}: {}",
                                 is_platform ? "did not run to completion:" : "threw", quote(type),
                                 quote(message))};
}

Reply no_answer(std::string because) {
  return {.kind = Reply::Kind::failed, .because = std::move(because)};
}

Verdict denied(std::string because) {
  return {.outcome = Outcome::denied, .because = std::move(because)};
}
Verdict failed(std::string because) {
  return {.outcome = Outcome::failed, .because = std::move(because)};
}

Verdict allowed(const json::object& answer) {
  Verdict verdict{.outcome = Outcome::allowed};
  const json::value* overrides = answer.if_contains("parameterOverrides");
  if (overrides == nullptr || overrides->is_null()) return verdict;
  if (!overrides->is_object()) {
    return failed(fmt::format("parameterOverrides is {} where an object of texts is expected",
                              encoding::type_name(*overrides)));
  }
  if (overrides->get_object().size() > kMaxOverrides) {
    return failed(fmt::format("parameterOverrides has {} members; at most {} are allowed",
                              overrides->get_object().size(), kMaxOverrides));
  }
  for (const auto& [name, value] : overrides->get_object()) {
    if (!value.is_string()) {
      return failed(fmt::format("parameterOverrides: {} is {} where text is expected",
                                quote(std::string_view(name)), encoding::type_name(value)));
    }
    verdict.overrides.emplace(name, value.get_string());
  }
  return verdict;
}

Verdict answered(const json::value& answer) {
  if (!answer.is_object()) {
    return denied(
        fmt::format("the hook answered {} where an object with allowProvisioning is "
                    "expected",
                    encoding::type_name(answer)));
  }
  const json::value* allow = answer.get_object().if_contains("allowProvisioning");
  if (allow == nullptr) return denied("the hook's answer has no allowProvisioning");
  if (!allow->is_bool()) {
    return denied(
        fmt::format("the hook answered allowProvisioning as {}; only the boolean true "
                    "allows",
                    encoding::type_name(*allow)));
  }
  if (!allow->get_bool()) return denied("the hook answered allowProvisioning: false");
  return allowed(answer.get_object());
}

}  // namespace

std::string to_json(const FleetEvent& event) {
  json::object parameters;
  for (const auto& [name, value] : event.parameters) parameters[name] = value;
  return encoding::to_json(json::object{{"claimCertificateId", event.claim_certificate_id},
                                        {"certificateId", event.certificate_id},
                                        {"certificatePem", event.certificate_pem},
                                        {"templateArn", event.template_arn},
                                        {"clientId", event.client_id},
                                        {"parameters", std::move(parameters)}});
}

Reply read_answer(std::string_view body) {
  auto parsed = encoding::parse_json(body, kLimits);
  if (!parsed) {
    return no_answer(fmt::format("the hook's answer {} is not valid JSON: {}", quote(body),
                                 parsed.error().message));
  }
  if (is_function_error(*parsed)) return function_error(parsed->get_object());
  return {.kind = Reply::Kind::answered, .answer = std::move(*parsed)};
}

Reply read_function_error(std::string_view body) {
  const auto parsed = encoding::parse_json(body, kLimits);
  if (!parsed || !parsed->is_object())
    return no_answer(fmt::format("the function failed: {}", quote(body)));
  return function_error(parsed->get_object());
}

Verdict fleet_verdict(const Reply& reply) {
  switch (reply.kind) {
    case Reply::Kind::answered:
      return answered(reply.answer);
    case Reply::Kind::threw:
      return denied(reply.because);
    case Reply::Kind::failed:
      return failed(reply.because);
    case Reply::Kind::timed_out:
      return {.outcome = Outcome::timed_out, .because = reply.because};
  }
  return failed(reply.because);
}

}  // namespace imprint::hooks
