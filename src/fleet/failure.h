// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace imprint::fleet {

/// The steps of one simulated device, in order; a latency is recorded for each.
enum class Step {
  connect,         ///< TCP, TLS with the claim certificate, CONNECT to CONNACK
  subscribe,       ///< to the topics of the answers
  create,          ///< CreateCertificateFromCsr or CreateKeysAndCertificate
  register_thing,  ///< RegisterThing
  reconnect,       ///< TCP, TLS with the new certificate, CONNECT to CONNACK
  publish,         ///< QoS 1, until PUBACK (a load without provisioning: until its echo)
};
inline constexpr std::size_t kSteps = 6;
std::string_view to_string(Step step);

/// The kind of obstacle that ended an onboarding; `Failure::code` has the details.
enum class Cause {
  connect,       ///< no TCP connection; the system's reason
  tls,           ///< the handshake, or an alert after it; OpenSSL's reason
  refused,       ///< negative CONNACK, SUBACK or PUBACK; the MQTT reason
  rejected,      ///< an answer on .../rejected; its errorCode
  timeout,       ///< no answer in time
  closed,        ///< the server ended the connection, with or without a DISCONNECT reason
  verification,  ///< the server's answer or certificate is wrong
  local,         ///< a failure of this machine: key generation, files
};
std::string_view to_string(Cause cause);

struct Failure {
  Cause cause = Cause::local;
  std::string code;  ///< failures are counted by it, so it has few values
  std::string message;
  bool may_retry = false;
  Step step = Step::connect;
};

template <class T>
using Attempt = tl::expected<T, Failure>;

inline tl::unexpected<Failure> failed(Cause cause, std::string_view code, std::string message,
                                      bool may_retry = false) {
  return tl::unexpected(Failure{.cause = cause,
                                .code = std::string(code),
                                .message = std::move(message),
                                .may_retry = may_retry});
}

}  // namespace imprint::fleet
