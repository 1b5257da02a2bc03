// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "deployment/config.h"
#include "deployment/doctor.h"
#include "deployment/layout.h"
#include "x509/certificate.h"

/// The conditions under which imprintd refuses to start, beyond files that cannot be read: imprintd
/// checks them when it starts, and doctor checks them beforehand.
namespace imprint::deployment {

/// Refuses settings that no server can have: two listeners on the same port, or a feature that this
/// version does not offer. Fault::invalid.
Result<void> check_configuration(const Config& config);

/// Two certificates of one kind would count as one: OpenSSL keeps the last. Fault::invalid.
Result<void> check_kinds(std::span<const x509::Certificate> served);

/// The error for a missing key that access keys were sealed with: a new key would open none of
/// them.
Error lost_credentials_key(const Layout& layout);

/// All of these checks, plus the hooks, the certificate profile, and what the configuration names
/// in the store. `served` are the server's certificates, `issuing` is the CA's, as far as they can
/// be read.
std::vector<Check> examine_start(const Layout& layout, const Config& config,
                                 std::span<const x509::Certificate> served,
                                 const std::optional<x509::Certificate>& issuing);

}  // namespace imprint::deployment
