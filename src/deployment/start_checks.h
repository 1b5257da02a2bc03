// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "deployment/config.h"
#include "deployment/doctor.h"
#include "deployment/layout.h"
#include "x509/certificate.h"

/// What imprintd refuses to start with, beyond files that cannot be read: it asks here at its
/// start, and doctor asks the same before it.
namespace imprint::deployment {

/// Settings that no server can have: a listener in the place of another, what this version does not
/// offer. Fault::invalid.
Result<void> check_configuration(const Config& config);

/// Two certificates of one kind would be one: OpenSSL keeps the last. Fault::invalid.
Result<void> check_kinds(std::span<const x509::Certificate> served);

/// The key that access keys were sealed with is gone: a new one would open none of them.
Error lost_credentials_key(const Layout& layout);

/// All of these, hooks, the profile of certificates, and what the configuration names in the store.
/// `served` are the server's certificates, `issuing` the CA's, as far as they can be read.
std::vector<Check> examine_start(const Layout& layout, const Config& config,
                                 std::span<const x509::Certificate> served,
                                 const std::optional<x509::Certificate>& issuing);

}  // namespace imprint::deployment
