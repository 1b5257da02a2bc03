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
  runtime,  ///< the Lambda Runtime API, served here for workers that come and ask for events
  command,  ///< a long-lived program: one JSON line in, one out
};
std::string_view to_string(Transport transport);

/// One [[hook]] of imprint.toml: which ARNs it answers for, how, and within which bounds. File
/// names are relative to the deployment directory.
struct HookOptions {
  std::string arn =
      {};  ///< of templates' preProvisioningHook.targetArn; * is any run of characters
  Transport transport = Transport::http;

  std::string url = {};                   ///< http and lambda
  std::string function = {};              ///< lambda: in place of the name that the ARN ends with
  std::string listen = {};                ///< runtime: ADDRESS:PORT, loopback only
  std::vector<std::string> command = {};  ///< command: program and arguments, no shell
  Milliseconds start_timeout{30000};      ///< command: from starting a copy to its reading an event

  Milliseconds timeout{5000};  ///< waiting for its turn, connecting and answering together
  std::uint32_t concurrency = 32;
  std::uint32_t queue = 1000;  ///< requests that may wait for their turn; more fail at once
  std::uint32_t retries = 2;   ///< of what never reached the handler, or was sent away
  std::uint32_t breaker_failures = 10;  ///< in a row, until requests fail without being sent
  Milliseconds breaker_pause{10000};    ///< until one request tries again
  bool shadow = false;                  ///< asked and recorded; decides nothing

  std::string ca_file = {};        ///< PEM: the only CAs that an https server may be certified by
  std::string bearer_file = {};    ///< 0600: token of an Authorization header
  std::string hmac_key_file = {};  ///< 0600: key of the Imprint-Signature header

  friend bool operator==(const HookOptions&, const HookOptions&) = default;
};

/// What a hook needs and may have. Errors: Fault::invalid, `where` being the key as imprint.toml
/// spells it.
Result<void> check(const HookOptions& options);

/// Whether a [[hook]] answers for an ARN. Time grows with the product of the lengths at most.
bool matches(std::string_view pattern, std::string_view arn);

}  // namespace imprint::hooks
