// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/principal.h"
#include "runtime/task.h"

namespace imprint::server {

struct Services;

/// A refusal of something that the client may not do.
Error forbidden(std::string message, Cause cause);

/// Empty if the certificate may be used now: it is registered, ACTIVE and within its validity
/// period. Otherwise the reason and the remedy.
std::optional<Error> check_certificate(const Services& services,
                                       const identity::Principal& principal);

/// Empty if policy allows the action; otherwise an error that names the deciding statement.
/// `rights` are the rights of the principal for the connection's client id.
std::optional<Error> check_policy(const Services& services, const identity::Principal& principal,
                                  const identity::Rights& rights,
                                  const identity::ConnectionFacts& facts, policy::Action action,
                                  std::string_view resource);

/// Checks that policy lets the certificate publish to the topic now. Reads the rights again,
/// because the connection may be gone. Passes for a deleted certificate: callers check the
/// certificate themselves.
runtime::Task<Result<void>> check_may_publish(Services& services, CertificateId certificate,
                                              identity::ConnectionFacts facts, std::string topic);

}  // namespace imprint::server
