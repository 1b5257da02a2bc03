// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/principal.h"
#include "runtime/task.h"

namespace imprint::server {

struct Services;

/// What a client may not do, and why.
Error forbidden(std::string message, Cause cause);

/// Nothing if the certificate may be used now: it is on record, ACTIVE and within its validity.
/// Otherwise the reason, and what to do about it.
std::optional<Error> check_certificate(const Services& services,
                                       const identity::Principal& principal);

/// Nothing if policy allows it; otherwise a sentence with the statement that decided. `rights` are
/// those of the principal for the connection's client id.
std::optional<Error> check_policy(const Services& services, const identity::Principal& principal,
                                  const identity::Rights& rights,
                                  const identity::ConnectionFacts& facts, policy::Action action,
                                  std::string_view resource);

/// Whether policy lets the certificate publish there now. The rights are read anew, since the
/// connection may be gone. A deleted certificate passes: callers check the certificate themselves.
runtime::Task<Result<void>> check_may_publish(Services& services, CertificateId certificate,
                                              identity::ConnectionFacts facts, std::string topic);

}  // namespace imprint::server
