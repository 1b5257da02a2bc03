// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "encoding/json.h"
#include "telemetry/hook_outcome.h"

/// The input of a pre-provisioning hook and the meaning of its answer (AWS IoT, pre-provisioning
/// hooks). Pure.
namespace imprint::hooks {

inline constexpr std::string_view kPayloadVersion = "2020-04-01";
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMaxAnswerDepth = 8;
inline constexpr std::size_t kMaxOverrides = 256;

using Overrides = std::map<std::string, std::string, std::less<>>;

/// A device's request for registration, as the handler receives it; never with a private key.
struct FleetEvent {
  std::string claim_certificate_id;  ///< of the connection that sent the request
  std::string certificate_id;        ///< of the certificate to register
  std::string certificate_pem;
  std::string template_arn;
  std::string client_id;
  Overrides parameters;
};

/// {claimCertificateId, certificateId, certificatePem, templateArn, clientId, parameters}.
std::string to_json(const FleetEvent& event);

/// The result of calling a hook.
struct Reply {
  enum class Kind : std::uint8_t {
    answered,   ///< the handler returned `answer`
    threw,      ///< the handler ran and threw
    failed,     ///< it could not be called, or its answer is not valid
    timed_out,  ///< no answer before the deadline
  };
  Kind kind = Kind::failed;
  encoding::json::value answer = {};
  std::string because = {};  ///< for the log and the audit trail, never for a device; escaped
  double seconds = 0;
  bool shadow = false;
};

/// Reads the handler's answer: JSON within bounds, or the error object that it threw. The caller
/// sets `seconds` and `shadow`.
Reply read_answer(std::string_view body);

/// Reads the error object of a function that did not return: {"errorType", "errorMessage"}. An
/// error that the function threw is its decision (Kind::threw); one that the platform reports,
/// about a function that would not start, crashed or took too long, is a failure.
Reply read_function_error(std::string_view body);

/// "ok", "denied", "failed" and "timed_out" in the audit trail and the metrics.
using Outcome = telemetry::HookOutcome;
using telemetry::to_string;

struct Verdict {
  Outcome outcome = Outcome::failed;
  Overrides overrides = {};  ///< if allowed
  std::string because = {};  ///< escaped; internal
};

/// Only `allowProvisioning: true` lets a device in. Any other answer of a working handler denies
/// it; overrides that are not texts, and anything that is not a handler's answer, are failures.
Verdict fleet_verdict(const Reply& reply);

}  // namespace imprint::hooks
