// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace imprint::fleet {

/// The steps of one simulated device, in order; a latency is kept for each.
enum class Step {
  connect,         ///< TCP, TLS with the claim certificate, CONNECT to CONNACK
  subscribe,       ///< the answers' topics
  create,          ///< CreateCertificateFromCsr or CreateKeysAndCertificate
  register_thing,  ///< RegisterThing
  reconnect,       ///< TCP, TLS with the new certificate, CONNECT to CONNACK
  publish,         ///< QoS 1, to PUBACK (a load without provisioning: to its echo)
};
inline constexpr std::size_t kSteps = 6;
std::string_view to_string(Step step);

/// What kind of obstacle ended an onboarding; `Failure::code` tells more.
enum class Cause {
  connect,       ///< no TCP connection; the system's reason
  tls,           ///< the handshake, or an alert after it; OpenSSL's reason
  refused,       ///< CONNACK, SUBACK or PUBACK said no; the MQTT reason
  rejected,      ///< an answer on .../rejected; its errorCode
  timeout,       ///< no answer in time
  closed,        ///< the server ended the connection, without or with a DISCONNECT reason
  verification,  ///< what the server handed out is not what it should be
  local,         ///< this machine: key generation, files
};
std::string_view to_string(Cause cause);

struct Failure {
  Cause cause = Cause::local;
  std::string code;  ///< few values, so that failures can be counted by it
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
