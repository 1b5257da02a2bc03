// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "deployment/layout.h"
#include "issuance/issuer.h"
#include "server/tls_context.h"
#include "x509/certificate.h"

/// The deployment's own certificates and keys, read from its files.
namespace imprint::server {

/// Turns an error in a file of the deployment into an internal fault: it is not bad usage of this
/// program.
Error of_deployment(Error error);

Result<std::string> read_own_file(const std::filesystem::path& path);
Result<x509::Certificate> load_certificate(const std::filesystem::path& path);

/// The certificates that the listeners present: one, or one RSA and one EC, each with its key.
Result<ServerCredentials> load_credentials(const deployment::Layout& layout);

/// Loads the issuing CA with its key; `certificate` is the CA certificate.
Result<issuance::Issuer> load_issuer(const deployment::Layout& layout,
                                     const x509::Certificate& certificate);

}  // namespace imprint::server
