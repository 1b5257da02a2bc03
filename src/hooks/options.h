// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace imprint::hooks {

/// How a hook is reached (docs/hooks.md).
enum class Transport : std::uint8_t {
  http,     ///< POST of the event
  lambda,   ///< the Invoke call of the Lambda API
  runtime,  ///< the Lambda Runtime API, served here for workers that poll for events
  command,  ///< a long-lived program: one JSON line in, one out
};
std::string_view to_string(Transport transport);

/// One [[hook]] of imprint.toml: which ARNs it answers for, how, and within which bounds. File
/// names are relative to the deployment directory.
struct HookOptions {
  std::string arn =
      {};  ///< of templates' preProvisioningHook.targetArn; * matches any run of characters
  Transport transport = Transport::http;

  std::string url = {};                   ///< http and lambda
  std::string function = {};              ///< lambda: overrides the name at the end of the ARN
  std::string listen = {};                ///< runtime: ADDRESS:PORT, loopback only
  std::vector<std::string> command = {};  ///< command: program and arguments, no shell
  Milliseconds start_timeout{30000};      ///< command: from starting a copy until it reads an event

  Milliseconds timeout{5000};  ///< waiting for its turn, connecting and answering together
  std::uint32_t concurrency = 32;
  std::uint32_t queue = 1000;  ///< requests that may wait for their turn; more fail at once
  std::uint32_t retries = 2;   ///< of requests that never reached the handler, or were turned away
  std::uint32_t breaker_failures = 10;  ///< in a row; then requests fail without being sent
  Milliseconds breaker_pause{10000};    ///< until one request tries again
  bool shadow = false;                  ///< called and recorded, but does not decide

  std::string ca_file = {};        ///< PEM: the only CAs accepted for an https server's certificate
  std::string bearer_file = {};    ///< 0600: token of an Authorization header
  std::string hmac_key_file = {};  ///< 0600: key of the Imprint-Signature header

  friend bool operator==(const HookOptions&, const HookOptions&) = default;
};

/// Checks required and permitted keys. Errors: Fault::invalid, `where` being the key as
/// imprint.toml spells it.
Result<void> check(const HookOptions& options);

/// Whether a [[hook]] with this pattern answers for an ARN. Takes time proportional to the product
/// of the lengths at most.
bool matches(std::string_view pattern, std::string_view arn);

}  // namespace imprint::hooks
