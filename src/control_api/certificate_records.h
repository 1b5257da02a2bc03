// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control_api/store_access.h"
#include "provisioning/key_history.h"
#include "x509/certificate.h"

/// What the files about certificates and CA certificates share.
namespace imprint::control_api {

/// The PEM certificate of a member. CertificateValidationException when it cannot be read.
Result<x509::Certificate> read_certificate(const Call& call, std::string_view member);

/// The id that a path names. Its digits pass the pattern, but 65 of them, or an x in the middle, do
/// too.
Result<CertificateId> read_certificate_id(const Call& call, std::string_view member);

/// The values of the CertificateStatus enum, for the rows.
inline constexpr std::string_view kCertificateStatuses[] = {
    "ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION"};

/// The one in a member, as far as an operator may set it: the other states are reached by other
/// operations (contract section 3.6).
Result<registry::CertificateStatus> read_certificate_status(const Call& call,
                                                            std::string_view member);

/// A key that was revoked stays out, whichever of its certificates is activated: refuses with
/// CertificateStateException.
Result<void> check_activation(const provisioning::KeyHistory& history, const CertificateId& own);

/// {notBefore, notAfter}
json::object write_validity(Timestamp not_before, Timestamp not_after);

}  // namespace imprint::control_api
