// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/random.h"
#include "registry/store.h"
#include "x509/certificate.h"

/// Certificates that this server did not sign, and how they come into the registry.
namespace imprint::provisioning {

/// The record of a certificate as far as the certificate itself tells: an INACTIVE identity.
registry::Certificate certificate_record(const x509::Certificate& certificate, Random& random,
                                         Timestamp now);

/// CertificateValidation for a certificate that has expired or whose key is too weak to stand for a
/// device (issuance::check_device_key).
Result<void> check_outside_certificate(const x509::Certificate& certificate, Timestamp now);

/// Whether the handshake would accept the path from the certificate to the CA: each signature on it
/// is of a kind that this server verifies. `sent` are the intermediates that the device sends
/// along.
Result<void> check_path_to_ca(const x509::Certificate& certificate,
                              std::span<const x509::Certificate> sent, const x509::Certificate& ca);

/// The registered CA whose key signed the certificate, whatever state it is in. `named` picks the
/// one that the caller says it is. CertificateValidation when there is none, CertificateConflict
/// when several of the same subject and key are registered.
registry::Task<Result<registry::CaCertificate>> find_signer(registry::Store& store,
                                                            x509::Certificate certificate,
                                                            std::optional<CertificateId> named);

}  // namespace imprint::provisioning
